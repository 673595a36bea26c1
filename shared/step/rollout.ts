import { Failure } from '../failure/failure.ts';
import { formatReference, parseReference, type Reference } from '../image/reference.ts';

/** What `rolling-deploy` left in the workspace for the steps that follow. */
export interface Rollout {
	/** The images that run now, each once. */
	readonly images: readonly Reference[];
	/** The same images by digest, as the cluster's nodes name them. */
	readonly ids: readonly Reference[];
}

/**
 * Reads what `rolling-deploy` put out; undefined where it has not run in this workspace.
 * @throws Failure where its rollout failed: nothing of it is to be passed on.
 */
export function readRollout(outputs: Readonly<Record<string, string>>): Rollout | undefined {
	const { status, images } = outputs;
	if (status === 'failed' || status === 'rolled-back')
		throw new Failure(
			`rolling-deploy in this workspace ended as ${status}${outputs.reason ? ` (${outputs.reason})` : ''}: what did not run well is not passed on`,
		);
	if (images === undefined) return undefined;
	return { images: references(images), ids: references(outputs['image-ids'] ?? '') };
}

/** References in a JSON list or object, or in lines of `name=reference` or `reference`. */
function references(text: string): Reference[] {
	const found = new Map<string, Reference>();
	for (const item of itemsOf(text)) {
		const written = item.replace(/^[^=]*=/, '').replace(/^docker-pullable:\/\//, '');
		const reference = parseReference(written.trim());
		if (reference) found.set(formatReference(reference), reference);
	}
	return [...found.values()];
}

function itemsOf(text: string): string[] {
	try {
		const json: unknown = JSON.parse(text);
		if (typeof json === 'object' && json !== null)
			return Object.values(json)
				.flat()
				.map((item) => String(item));
	} catch {
		// Then it is lines.
	}
	return text.split(/[\n,]/);
}
