import { Failure, messageOf } from '../failure/failure.ts';
import { sameRepository } from '../image/reference.ts';
import { oneLine } from './record.ts';

/** The folder of the hold markers, at the top of the repository whose branch they hold. */
export const holdsFolder = '.lockstep-holds';

/**
 * A hold: as long as its marker stands in a branch, no step changes that image, or that
 * file, there. It is a JSON file in the branch, so that it is set, seen and lifted as
 * everything else is.
 */
export interface Hold {
	/** Image without tag. */
	image?: string;
	/** Path of a file. */
	file?: string;
	reason: string;
	/** When it ends by itself; ISO 8601. */
	until?: string;
	/** The span of time that `until` was made from, as it was given: `2h`. */
	for?: string;
	/** Who set it. */
	by?: string;
}

/**
 * Reads a marker.
 * @throws Failure for one that cannot be understood: to go on might undo what somebody wanted.
 */
export function parseHold(path: string, text: string): Hold {
	const broken = (why: string, cause?: unknown) =>
		new Failure(
			`${path} is no hold marker (${why}), and whom it holds cannot be told; write it as {"image": "...", "reason": "..."}, or take it away`,
			{ place: { file: path }, cause },
		);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw broken(messageOf(error), error);
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw broken('it is no JSON object');
	const hold = value as Record<string, unknown>;
	for (const name of ['image', 'file', 'reason', 'until', 'for', 'by'])
		if (hold[name] !== undefined && typeof hold[name] !== 'string')
			throw broken(`its ${name} is no text`);
	if (hold.image === undefined && hold.file === undefined)
		throw broken('it names neither image nor file');
	if (typeof hold.until === 'string' && Number.isNaN(Date.parse(hold.until)))
		throw broken('its until is no date');
	return { reason: 'no reason is given', ...hold } as Hold;
}

/** Whether a hold has ended by itself. */
export function isOver({ until }: Hold, now: Date): boolean {
	return until !== undefined && Date.parse(until) <= now.getTime();
}

/** What a bump would change, or somebody asks about. */
export interface Subject {
	/** Images without tag. */
	readonly images: readonly string[];
	/** Paths of files. */
	readonly files: readonly string[];
}

/** Whether a hold is about one of the images, or of the files. */
export function concerns({ image, file }: Hold, { images, files }: Subject): boolean {
	if (image !== undefined && images.some((one) => sameRepository(image, one))) return true;
	return file !== undefined && files.includes(file);
}

/** A marker's text. */
function formatHold({ image, file, reason, until, for: span, by }: Hold): string {
	return `${JSON.stringify({ image, file, reason, until, for: span, by }, undefined, 2)}\n`;
}

/** What a hold keeps as it is, in words. */
export function heldThing({ image, file }: Pick<Hold, 'image' | 'file'>): string {
	return [image, file].filter((part) => part !== undefined).join(' and ');
}

/** A clause on a hold; `branch` as in `main of https://...`. */
export function describeHold(hold: Hold, branch: string): string {
	const whom = hold.by === undefined ? '' : ` by ${hold.by}`;
	const end = hold.until === undefined ? '' : ` until ${hold.until}`;
	return oneLine(`${heldThing(hold)} is held in ${branch}${whom}${end}: ${hold.reason}`);
}

/** A marker in a branch. */
export interface Marker {
	readonly path: string;
	readonly hold: Hold;
}

/**
 * The marker that makes a hold stand, in place of the one that is there for the same image
 * and file; undefined where that one says the same. Who set it first stays.
 */
export function placeHold(
	markers: readonly Marker[],
	hold: Hold,
	now: Date,
): { path: string; text: string } | undefined {
	const there = markers.find((marker) => isSameThing(marker.hold, hold));
	if (there && !isOver(there.hold, now) && saysTheSame(there.hold, hold)) return undefined;
	return { path: there?.path ?? freePath(markers, hold), text: formatHold(hold) };
}

function isSameThing(a: Hold, b: Hold): boolean {
	const sameImage =
		a.image === undefined || b.image === undefined
			? a.image === b.image
			: sameRepository(a.image, b.image);
	return sameImage && a.file === b.file;
}

/** A span of time counts from when the hold was set, so asking again for the same moves no end. */
function saysTheSame(a: Hold, b: Hold): boolean {
	const time = ({ until }: Hold) => (until === undefined ? undefined : Date.parse(until));
	const sameEnd = b.for === undefined ? time(a) === time(b) : a.for === b.for;
	return a.reason === b.reason && sameEnd;
}

/** A path that a person recognizes. No name begins with a dot: globs pass over those. */
function freePath(markers: readonly Marker[], { image, file }: Hold): string {
	const name = (image ?? file ?? '').replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'hold';
	const taken = new Set(markers.map(({ path }) => path));
	for (let count = 1; ; count++) {
		const path = `${holdsFolder}/${name}${count === 1 ? '' : `-${count}`}.json`;
		if (!taken.has(path)) return path;
	}
}
