import { diffLines, fieldChanges } from '../../shared/kubernetes/compare.ts';
import type { Leaver } from '../../shared/kubernetes/inventory.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';
import type { Planned } from '../../shared/kubernetes/plan.ts';
import { type WarningKey, warningsOf } from '../../shared/kubernetes/warnings.ts';
import type { Log } from '../../shared/log/log.ts';

/** Warns of what may be meant and seldom is, in what this run brings or changes. */
export function tellWarnings(
	planned: readonly Planned[],
	silenced: readonly WarningKey[],
	log: Log,
): void {
	// Those that name no namespace have got one, and the places are the files' own.
	const written = new Map(planned.map(({ manifest, change }) => [manifest, change]));
	for (const { key, message, place, manifest } of warningsOf([...written.keys()]))
		if (!silenced.includes(key) && written.get(manifest) !== 'unchanged') log.warn(message, place);
}

/** Tells what will be written: the numbers, and in a dry run, or for debugging, the fields. */
export function tellPlan(
	planned: readonly Planned[],
	leavers: readonly Leaver[],
	dryRun: boolean,
	log: Log,
): void {
	const count = (change: Planned['change']) =>
		planned.filter((item) => item.change === change).length;
	const replaced = count('replaced');
	log.info(
		[
			`${dryRun ? 'Dry run: ' : ''}${count('created')} to create`,
			`${count('changed')} to change`,
			...(replaced > 0 ? [`${replaced} to delete and make anew`] : []),
			...(leavers.length > 0 ? [`${leavers.length} to delete`] : []),
			`${count('unchanged')} unchanged`,
		].join(', '),
	);
	const tell = dryRun ? log.info : log.debug;
	for (const { desired, live, predicted, change } of planned) {
		if (change === 'unchanged') continue;
		const lines = diffLines(
			fieldChanges(live, live === undefined ? desired : (predicted ?? desired)),
		);
		const how =
			change === 'created' ? 'is new' : change === 'replaced' ? 'is made anew' : 'differs';
		tell(`${titleOf(desired)} ${how}:`);
		for (const line of lines) tell(`  ${line}`);
		if (lines.length === 0) tell('  the owner of its fields alone');
	}
	for (const { live } of leavers) tell(`${titleOf(live)} is not in the set any more`);
}
