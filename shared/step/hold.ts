import { badInput } from '../failure/failure.ts';
import type { Snapshot } from '../git/commit-to-branch.ts';
import {
	type Hold,
	heldThing,
	holdsFolder,
	isOver,
	type Marker,
	parseHold,
} from '../record/hold.ts';
import { type Record, withTrailers } from '../record/record.ts';
import type { StepContext } from './declare.ts';
import { duration } from './values.ts';

/**
 * All hold markers of a branch, those that are over too.
 * @throws Failure for one that cannot be understood.
 */
export async function readMarkers(snapshot: Snapshot): Promise<Marker[]> {
	const files = await snapshot.find([`${holdsFolder}/*.json`]);
	if (files.length === 0) return [];
	const contents = await snapshot.read(files);
	return [...contents].map(([path, bytes]) => ({
		path,
		hold: parseHold(path, Buffer.from(bytes).toString()),
	}));
}

/** The holds that have not ended, in a snapshot's branch. */
export async function standingHolds(snapshot: Snapshot): Promise<Hold[]> {
	const markers = await readMarkers(snapshot);
	const now = new Date();
	return markers.map(({ hold }) => hold).filter((hold) => !isOver(hold, now));
}

/** The message of the commit that sets a hold. */
export function holdMessage(hold: Hold, record: Record): string {
	const end = hold.until === undefined ? '' : `\n\nUntil ${hold.until}`;
	return withTrailers(`Hold ${heldThing(hold)}\n\n${hold.reason}${end}`, record);
}

/** With its zone, for a CI's machine is in none that its user knows; a date alone is UTC. */
const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/;

/**
 * When a hold ends, of a time (ISO 8601) or a span of time from now.
 * @throws Failure (bad input) for anything else, and for what is over.
 */
export function endOf(
	given: string | undefined,
	now: Date,
	nameOf: StepContext['nameOf'],
): Pick<Hold, 'until' | 'for'> {
	if (given === undefined) return {};
	const span = duration.safeParse(given);
	if (span.success) return { until: isoSeconds(new Date(now.getTime() + span.data)), for: given };
	const end = new Date(given);
	if (!time.test(given) || Number.isNaN(end.getTime()))
		throw badInput(
			`${nameOf('until')}: "${given}" is neither a time such as 2026-03-01T12:00:00Z nor a duration such as 2h`,
		);
	if (end <= now) throw badInput(`${nameOf('until')}: ${given} is over already; give a later time`);
	return { until: isoSeconds(end) };
}

function isoSeconds(at: Date): string {
	return at.toISOString().replace(/\.\d+Z$/, 'Z');
}
