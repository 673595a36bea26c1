import { isDeepStrictEqual } from 'node:util';
import { badInput } from '../../shared/failure/failure.ts';
import { type Record as Trailers, withTrailers } from '../../shared/record/record.ts';

export type Kind = 'ami' | 'deploy' | 'release' | 'other';

/** What a tag says, in the order in which it is written. */
export type Content = Readonly<Record<string, unknown>>;

export interface ContentParts {
	readonly kind: Kind;
	readonly commit: string;
	readonly environment?: string | undefined;
	readonly region?: string | undefined;
	readonly version?: string | undefined;
	readonly amiId?: string | undefined;
	readonly baseAmi?: string | undefined;
	/** Link to the run that writes the tag. */
	readonly run?: string | undefined;
	/** Whole references of what a rollout put there. */
	readonly images?: readonly string[] | undefined;
	/** Whatever else is to be told; it fills what the others leave open. */
	readonly info: Content;
	readonly now: Date;
}

const timeOf = {
	ami: 'baked-at',
	deploy: 'deployed-at',
	release: 'released-at',
	other: 'tagged-at',
} as const satisfies Record<Kind, string>;

/** What nobody but the step knows. */
const ofTheStep = new Set(['run', 'images']);

/** What does not make a tag another one: when it was written, and by which run. */
const circumstances = new Set<string>([...Object.values(timeOf), 'run']);

/**
 * The content of a tag.
 * @throws Failure (bad input) where `info` gives what an input gives otherwise, or what is for
 * the step to say.
 */
export function composeContent(parts: ContentParts, nameOf: (input: string) => string): Content {
	const { kind, info, now } = parts;
	const reserved = Object.keys(info).find((name) => ofTheStep.has(name));
	if (reserved !== undefined)
		throw badInput(
			`${nameOf('info')} gives ${reserved}, which the step itself tells; give it another name`,
		);
	const given = Object.entries({
		kind,
		commit: parts.commit,
		environment: parts.environment,
		region: parts.region,
		version: parts.version,
		'base-ami': parts.baseAmi,
		'ami-id': parts.amiId,
	}).filter(([, value]) => value !== undefined);
	for (const [name, value] of given)
		if (name in info && info[name] !== value)
			throw badInput(
				`${nameOf('info')} says ${name} is "${String(info[name])}", and it is "${value}" by the inputs; give it once`,
			);
	return {
		...Object.fromEntries(given),
		...(parts.images === undefined ? {} : { images: parts.images }),
		...info,
		[timeOf[kind]]: info[timeOf[kind]] ?? now.toISOString(),
		...(parts.run === undefined ? {} : { run: parts.run }),
	};
}

/**
 * A tag's message: the content as JSON, which is the whole of git's `%(contents:subject)`,
 * and the record as trailers.
 */
export function composeMessage(content: Content, trailers: Trailers): string {
	return withTrailers(JSON.stringify(content, null, 2), trailers);
}

/** The content in a tag's message; undefined where it is somebody else's tag. */
export function readContent(message: string): Content | undefined {
	const [json = ''] = message.split('\n\n');
	try {
		const content: unknown = JSON.parse(json);
		return isObject(content) ? content : undefined;
	} catch {
		return undefined;
	}
}

/** Whether two contents say the same, whenever and by whichever run they were written. */
export function saysTheSame(a: Content, b: Content): boolean {
	return isDeepStrictEqual(withoutCircumstances(a), withoutCircumstances(b));
}

/** The names of what differs between two contents, for a message. */
export function differences(a: Content, b: Content): string[] {
	const names = new Set([...Object.keys(a), ...Object.keys(b)]);
	return [...names].filter(
		(name) => !circumstances.has(name) && !isDeepStrictEqual(a[name], b[name]),
	);
}

function withoutCircumstances(content: Content): Content {
	return Object.fromEntries(Object.entries(content).filter(([name]) => !circumstances.has(name)));
}

/** `info` with the lists and maps that a JSON object had in it, which arrive as text. */
export function unfoldInfo(info: Readonly<Record<string, string>>): Content {
	return Object.fromEntries(Object.entries(info).map(([name, text]) => [name, unfold(text)]));
}

function unfold(text: string): unknown {
	if (!/^[[{]/.test(text)) return text;
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function isObject(value: unknown): value is Content {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
