import { Failure, messageOf } from '../failure/failure.ts';

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
	for (const name of ['image', 'file', 'reason', 'until', 'by'])
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
