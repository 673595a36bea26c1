import { type Failure, messageAt } from '../../shared/failure/failure.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';
import type { Planned } from '../../shared/kubernetes/plan.ts';

/** Why a run failed, with the place in front, as the log has it. */
export function reasonOf({ message, place }: Failure): string {
	return messageAt(message, place);
}

/** How far a run came that was ended before it was done. */
export function progressOf(written: readonly Planned[], planned: readonly Planned[]): string {
	const toWrite = planned.filter(({ change }) => change !== 'unchanged').length;
	const titles = written.slice(0, 5).map(({ desired }) => titleOf(desired));
	const more = written.length > titles.length ? ', ...' : '';
	return `it had written ${written.length} of ${toWrite} objects (${titles.join(', ')}${more}), and was not done`;
}
