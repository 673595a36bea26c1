import { exitCode, Failure } from '../../shared/failure/failure.ts';
import type { Applied } from '../../shared/kubernetes/apply.ts';
import type { KubernetesClient } from '../../shared/kubernetes/client.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';
import { placeOfCause } from '../../shared/kubernetes/report.ts';
import { bindsOnUse } from '../../shared/kubernetes/storage.ts';
import type { Outcome, Target } from '../../shared/kubernetes/wait.ts';

/** An applied object that is waited for. */
export type Awaited = Target & { applied: Applied };

/** What to wait for of an object, as it is now. */
export async function targetOf(
	applied: Applied,
	object: Applied['current'],
	client: KubernetesClient,
): Promise<Awaited> {
	const isClaim = object.kind === 'PersistentVolumeClaim';
	return {
		object,
		applied,
		resource: applied.resource,
		place: applied.manifest.place,
		...(isClaim ? { bindsOnUse: await bindsOnUse(object, client) } : {}),
	};
}

/** Why an object did not get ready. `sequel`: how the sentence ends, by what else was found. */
export function failureOf(outcome: Outcome<Awaited>, sequel: string): Failure {
	const { state, reason, current, target } = outcome;
	return new Failure(`${titleOf(current)}: ${reason}${sequel}`, {
		exitCode: state === 'timed-out' ? exitCode.timedOut : exitCode.failed,
		place: placeOfCause(outcome, target.applied.manifest),
	});
}
