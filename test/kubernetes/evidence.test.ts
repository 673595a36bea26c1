import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../shared/kubernetes/evidence.ts';
import type { KubernetesObject, Pod } from '../../shared/kubernetes/object.ts';
import { deployment, ended, eventOf, podWith, waitingFor } from './pods.ts';

describe('which pods count', () => {
	const owner = (uid: string) => [{ kind: 'ReplicaSet', name: uid, uid }];
	const replicaSet = (uid: string, revision: string): KubernetesObject => ({
		apiVersion: 'apps/v1',
		kind: 'ReplicaSet',
		metadata: {
			name: uid,
			uid,
			annotations: { 'deployment.kubernetes.io/revision': revision },
			ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'uid-web' }],
		},
	});
	const podOf = (uid: string, set: string, labels = {}): Pod => {
		const pod = podWith({
			status: { ...waitingFor('CrashLoopBackOff'), restartCount: 9, lastState: ended(1) },
		});
		return { ...pod, metadata: { name: uid, uid, labels, ownerReferences: owner(set) } };
	};
	const rollingOut = (observedGeneration: number): KubernetesObject => ({
		...deployment,
		metadata: {
			...deployment.metadata,
			generation: 2,
			annotations: { 'deployment.kubernetes.io/revision': '2' },
		},
		status: { observedGeneration },
	});
	const around = {
		pods: [podOf('old', 'rs-1'), podOf('new', 'rs-2')],
		replicaSets: [replicaSet('rs-1', '1'), replicaSet('rs-2', '2')],
		events: [],
	};
	const namesOf = (object: KubernetesObject, surroundings = around) =>
		evidenceOf(object, surroundings, 0).pods.map(({ metadata }) => metadata.name);

	test('those of the new revision alone', () => {
		expect(namesOf(rollingOut(2))).toEqual(['new']);
	});

	test('none before the controller has seen the change', () => {
		expect(namesOf(rollingOut(1))).toEqual([]);
	});

	test('those of an older ReplicaSet when the rollout goes back to it', () => {
		const replicaSets = [replicaSet('rs-1', '2'), replicaSet('rs-2', '1')];
		expect(namesOf(rollingOut(2), { ...around, replicaSets })).toEqual(['old']);
	});

	test("a StatefulSet's by the label of their revision", () => {
		const set: KubernetesObject = {
			apiVersion: 'apps/v1',
			kind: 'StatefulSet',
			metadata: { name: 'db', uid: 'uid-db', generation: 1 },
			status: { observedGeneration: 1, updateRevision: 'db-2' },
		};
		const pods = [
			podOf('db-0', 'uid-db', { 'controller-revision-hash': 'db-1' }),
			podOf('db-1', 'uid-db', { 'controller-revision-hash': 'db-2' }),
		];
		expect(namesOf(set, { ...around, pods })).toEqual(['db-1']);
	});

	test('warnings about other pods, and old ones about the workload, are left out', () => {
		const events = [
			eventOf('BackOff', 'of the old pod', 'old'),
			eventOf('BackOff', 'of the new pod', 'new', 5),
			eventOf('FailedCreate', 'from before', 'uid-web', 5),
			eventOf('FailedCreate', 'from now', 'uid-web', 20),
		];
		const evidence = evidenceOf(rollingOut(2), { ...around, events }, 10);
		expect(evidence.events.map(({ message }) => message)).toEqual(['of the new pod', 'from now']);
	});
});
