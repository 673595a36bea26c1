import { Failure, type Place } from '../failure/failure.ts';
import { ApiError } from './api-error.ts';
import type { Manifest } from './manifest-text.ts';
import { isRecord, readPath, titleOf } from './object.ts';

/**
 * Says of a refusal by the server which object and field it is about, where that stands,
 * and what to do.
 * @param error - what an apply of the manifest's object threw
 * @param nameOf - an input's name as its user wrote it
 */
export function explainRefusal(
	error: unknown,
	manifest: Manifest,
	nameOf: (input: string) => string,
): Failure {
	if (!(error instanceof ApiError)) throw error;
	const { message, field } = explanationOf(error, manifest, nameOf);
	return new Failure(`${titleOf(manifest.object)}: ${message}`, {
		place: field === undefined ? manifest.place : placeOfField(manifest, field),
		cause: error,
	});
}

/** Whether a refusal is of a change to a field that cannot be changed on an object that exists. */
export function isImmutable({ status, details, text }: ApiError): boolean {
	const isToldOfField = (details.causes ?? []).some(({ message }) =>
		/immutable/.test(message ?? ''),
	);
	return status === 422 && (isToldOfField || /updates to .* are forbidden/.test(text));
}

interface Explanation {
	message: string;
	field?: string | undefined;
}

function explanationOf(
	error: ApiError,
	manifest: Manifest,
	nameOf: (input: string) => string,
): Explanation {
	const { status, details, text } = error;
	const causes = details.causes ?? [];
	const conflicts = causes.filter(({ reason }) => reason === 'FieldManagerConflict');
	if (status === 409 && conflicts.length > 0) {
		const fields = conflicts.map(
			({ field, message }) => `${field} is owned by ${managerIn(message) ?? 'another manager'}`,
		);
		return {
			message: `${fields.join(', ')}; leave it out of the manifest, or take it over with ${nameOf('force-conflicts')}`,
			field: conflicts[0]?.field,
		};
	}
	const unknown = /\.?([\w.[\]="/-]+): field not declared in schema/.exec(text)?.[1];
	const strict = unknown ?? /unknown field "([^"]+)"/.exec(text)?.[1];
	if (strict !== undefined)
		return {
			message: `the server knows no field ${strict} in ${manifest.object.apiVersion} ${manifest.object.kind}; check its name and its indentation`,
			field: strict,
		};
	if (status === 404 && details.kind === 'namespaces')
		return {
			message: `namespace "${details.name}" does not exist; create it, or add it to the manifests`,
			field: 'metadata.namespace',
		};
	const isSecret = manifest.object.kind === 'Secret';
	const typed = /failed to create typed patch object \([^)]*\): \.?(\S+): (.+)/s.exec(text);
	if (typed !== null)
		return {
			message: `${typed[1]}: ${clean(typed[2] ?? '').replace(/&value\.valueUnstructured\{Value:(.*)\}/, isSecret ? '***' : '$1')}`,
			field: typed[1],
		};
	if (isImmutable(error)) {
		const immutable = causes.find(({ message }) => /immutable/.test(message ?? ''));
		return {
			message: `${immutable?.field ?? 'a field'} cannot be changed on an object that exists (${clean(immutable?.message ?? text)}); keep its value, or have the object deleted and made anew with ${nameOf('replace-immutable')}`,
			field: immutable?.field,
		};
	}
	if (status === 422 && causes.length > 0) {
		const told = causes.map(({ field, message = '' }) => {
			const why = isSecret ? message.replace(/: ("(?:[^"\\]|\\.)*"|\{.*\})/s, ': ***') : message;
			return `${field ?? 'it'}: ${clean(why)}`;
		});
		return { message: `the server refuses it: ${told.join('; ')}`, field: causes[0]?.field };
	}
	if (status === 403 && /exceeded quota/.test(text))
		return { message: `the namespace's quota does not allow it: ${clean(text)}` };
	if (status === 403) return { message: `the right to apply it is missing: ${clean(text)}` };
	return { message: `the server answers ${status}: ${clean(text)}` };
}

/** `conflict with "kubectl-edit" using apps/v1` names the manager and how it wrote. */
function managerIn(message: string | undefined): string | undefined {
	const match = /conflict with ("[^"]*"(?: with subresource "[^"]*")?)/.exec(message ?? '');
	return match?.[1];
}

function clean(text: string): string {
	return text.replace(/\s+/g, ' ').trim();
}

/**
 * The place of a field as the server names one: `.spec.containers[name="web"].image`,
 * `spec.containers[0].image`, `metadata.labels[app.kubernetes.io/name]`.
 */
export function placeOfField(manifest: Manifest, field: string): Place {
	const path: (string | number)[] = [];
	for (const [, name, bracket] of field.matchAll(/\.?([^.[\]]+)|\[([^\]]*)\]/g)) {
		if (bracket === undefined) path.push(name ?? '');
		else if (/^\d+$/.test(bracket)) path.push(Number(bracket));
		else path.push(keyIn(readPath(manifest.object, path), bracket));
	}
	return manifest.locate(path);
}

/** The index of the item that `name="web"` (or `containerPort=80,protocol="TCP"`) means. */
function keyIn(list: unknown, bracket: string): string | number {
	if (!Array.isArray(list)) return bracket;
	const keys = [...bracket.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^,]*)/g)];
	const index = list.findIndex(
		(item) =>
			isRecord(item) &&
			keys.every(([, key = '', value = '']) => {
				const wanted = value.replace(/^"(.*)"$/, '$1');
				return item[key] === undefined || String(item[key]) === wanted;
			}),
	);
	return index === -1 ? bracket : index;
}

/**
 * Throws what stands against a set: the one failure itself, or one that counts them after
 * each has been told.
 */
export function throwTogether(
	failures: readonly Failure[],
	tell: (failure: Failure) => void,
	sequel: string,
): void {
	const [first] = failures;
	if (first === undefined) return;
	if (failures.length === 1)
		throw new Failure(`${first.message} (${sequel})`, {
			...(first.place === undefined ? {} : { place: first.place }),
			cause: first,
		});
	for (const failure of failures) tell(failure);
	throw new Failure(
		`${failures.length} objects cannot be applied, the first: ${first.message} (${sequel})`,
		{ cause: first },
	);
}
