import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { type ReadinessContext, readinessOf } from '../../shared/kubernetes/readiness.ts';

type Row = [
	rule: string,
	expected: 'ready' | 'waiting' | 'failed',
	parts: { generation?: number; deleted?: true; spec?: object; status?: object },
	context?: ReadinessContext,
];

function check(apiVersion: string, kind: string, rows: readonly Row[]): void {
	describe(kind, () => {
		test.each(rows)('%s: %s', (_rule, expected, parts, context) => {
			const object: KubernetesObject = {
				apiVersion,
				kind,
				metadata: {
					name: 'it',
					generation: parts.generation ?? 2,
					...(parts.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
				},
				spec: parts.spec ?? {},
				...(parts.status === undefined ? {} : { status: parts.status }),
			};
			expect(readinessOf(object, context).state).toBe(expected);
		});
	});
}

const condition = (type: string, status: string, reason = 'Because') => ({ type, status, reason });

const rolledOut = {
	observedGeneration: 2,
	replicas: 3,
	updatedReplicas: 3,
	readyReplicas: 3,
	availableReplicas: 3,
};
const three = { replicas: 3 };
const exceeded = condition('Progressing', 'False', 'ProgressDeadlineExceeded');

check('apps/v1', 'Deployment', [
	['all updated, ready, available', 'ready', { spec: three, status: rolledOut }],
	['no status at all yet', 'waiting', { spec: three }],
	[
		'the status is of the generation before',
		'waiting',
		{ spec: three, status: { ...rolledOut, observedGeneration: 1 } },
	],
	[
		'the status is of a later generation',
		'ready',
		{ spec: three, status: { ...rolledOut, observedGeneration: 3 } },
	],
	['one is not updated', 'waiting', { spec: three, status: { ...rolledOut, updatedReplicas: 2 } }],
	['an old one is still there', 'waiting', { spec: three, status: { ...rolledOut, replicas: 4 } }],
	[
		'one is not available',
		'waiting',
		{ spec: three, status: { ...rolledOut, availableReplicas: 2 } },
	],
	['one is not ready', 'waiting', { spec: three, status: { ...rolledOut, readyReplicas: 2 } }],
	[
		'no replicas are asked for',
		'ready',
		{ spec: { replicas: 0 }, status: { observedGeneration: 2 } },
	],
	['replicas left out mean one', 'waiting', { spec: {}, status: { observedGeneration: 2 } }],
	[
		'the progress deadline is over',
		'failed',
		{ spec: three, status: { ...rolledOut, updatedReplicas: 1, conditions: [exceeded] } },
	],
	[
		'the deadline of the generation before is over',
		'waiting',
		{ spec: three, status: { ...rolledOut, observedGeneration: 1, conditions: [exceeded] } },
	],
	[
		'no progress for another reason',
		'waiting',
		{
			spec: three,
			status: {
				...rolledOut,
				updatedReplicas: 1,
				conditions: [condition('Progressing', 'False', 'FailedCreate')],
			},
		},
	],
	['it is being deleted', 'waiting', { deleted: true, spec: three, status: rolledOut }],
]);

const setRolledOut = {
	observedGeneration: 2,
	replicas: 3,
	readyReplicas: 3,
	updatedReplicas: 3,
	currentRevision: 'web-2',
	updateRevision: 'web-2',
};
const partitioned = { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } };

check('apps/v1', 'StatefulSet', [
	['all ready in one revision', 'ready', { spec: three, status: setRolledOut }],
	['no status yet', 'waiting', { spec: three }],
	[
		'the status is of the generation before',
		'waiting',
		{ spec: three, status: { ...setRolledOut, observedGeneration: 1 } },
	],
	['one is not ready', 'waiting', { spec: three, status: { ...setRolledOut, readyReplicas: 2 } }],
	[
		'the revisions differ',
		'waiting',
		{ spec: three, status: { ...setRolledOut, currentRevision: 'web-1' } },
	],
	[
		'those above the partition are updated',
		'ready',
		{
			spec: partitioned,
			status: { ...setRolledOut, updatedReplicas: 1, currentRevision: 'web-1' },
		},
	],
	[
		'one above the partition is not updated',
		'waiting',
		{
			spec: partitioned,
			status: { ...setRolledOut, updatedReplicas: 0, currentRevision: 'web-1' },
		},
	],
	[
		'one below the partition is not ready',
		'waiting',
		{ spec: partitioned, status: { ...setRolledOut, updatedReplicas: 1, readyReplicas: 2 } },
	],
	[
		'OnDelete is done when it is observed',
		'ready',
		{
			spec: { ...three, updateStrategy: { type: 'OnDelete' } },
			status: { ...setRolledOut, updatedReplicas: 0, currentRevision: 'web-1' },
		},
	],
	[
		'OnDelete that is not observed',
		'waiting',
		{
			spec: { ...three, updateStrategy: { type: 'OnDelete' } },
			status: { ...setRolledOut, observedGeneration: 1 },
		},
	],
]);

const daemonsUp = {
	observedGeneration: 2,
	desiredNumberScheduled: 3,
	currentNumberScheduled: 3,
	updatedNumberScheduled: 3,
	numberReady: 3,
	numberAvailable: 3,
};

check('apps/v1', 'DaemonSet', [
	['one on every node', 'ready', { status: daemonsUp }],
	['no status yet', 'waiting', {}],
	[
		'the status is of the generation before',
		'waiting',
		{ status: { ...daemonsUp, observedGeneration: 1 } },
	],
	['one is not scheduled', 'waiting', { status: { ...daemonsUp, currentNumberScheduled: 2 } }],
	['one is not updated', 'waiting', { status: { ...daemonsUp, updatedNumberScheduled: 2 } }],
	['one is not ready', 'waiting', { status: { ...daemonsUp, numberReady: 2 } }],
	['one is not available', 'waiting', { status: { ...daemonsUp, numberAvailable: 2 } }],
	[
		'that one is on a cordoned node',
		'ready',
		{ status: { ...daemonsUp, updatedNumberScheduled: 2, numberReady: 2, numberAvailable: 2 } },
		{ excusedPods: 1 },
	],
	[
		'another one is missing besides',
		'waiting',
		{ status: { ...daemonsUp, updatedNumberScheduled: 2, numberReady: 1, numberAvailable: 1 } },
		{ excusedPods: 1 },
	],
	['no node fits', 'ready', { status: { observedGeneration: 2, desiredNumberScheduled: 0 } }],
	[
		'OnDelete is done when it is observed',
		'ready',
		{
			spec: { updateStrategy: { type: 'OnDelete' } },
			status: { ...daemonsUp, updatedNumberScheduled: 0 },
		},
	],
	[
		'OnDelete that is not observed',
		'waiting',
		{
			spec: { updateStrategy: { type: 'OnDelete' } },
			status: { ...daemonsUp, observedGeneration: 1 },
		},
	],
]);

check('apps/v1', 'ReplicaSet', [
	['all ready', 'ready', { spec: three, status: { ...rolledOut } }],
	['one is not ready', 'waiting', { spec: three, status: { ...rolledOut, readyReplicas: 2 } }],
	['one too many', 'waiting', { spec: three, status: { ...rolledOut, replicas: 4 } }],
]);

check('batch/v1', 'Job', [
	['complete', 'ready', { status: { succeeded: 1, conditions: [condition('Complete', 'True')] } }],
	['started', 'waiting', { status: { active: 1 } }],
	['succeeded, and not complete yet', 'waiting', { status: { succeeded: 1 } }],
	[
		'failed',
		'failed',
		{ status: { failed: 1, conditions: [condition('Failed', 'True', 'BackoffLimitExceeded')] } },
	],
	['failed once, and tries again', 'waiting', { status: { failed: 1, active: 1 } }],
	[
		'the condition is there and not true',
		'waiting',
		{ status: { conditions: [condition('Complete', 'False')] } },
	],
	['suspended on purpose', 'ready', { spec: { suspend: true }, status: {} }],
	[
		'suspended, and failed before',
		'failed',
		{ spec: { suspend: true }, status: { conditions: [condition('Failed', 'True')] } },
	],
]);

check('v1', 'Pod', [
	['ready', 'ready', { status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }],
	[
		'runs and is not ready',
		'waiting',
		{ status: { phase: 'Running', conditions: [condition('Ready', 'False')] } },
	],
	['succeeded', 'ready', { status: { phase: 'Succeeded' } }],
	['failed', 'failed', { status: { phase: 'Failed' } }],
	[
		'failed, and still said to be ready',
		'failed',
		{ status: { phase: 'Failed', conditions: [condition('Ready', 'True')] } },
	],
	['pending', 'waiting', { status: { phase: 'Pending' } }],
	['no status yet', 'waiting', {}],
]);

check('v1', 'PersistentVolumeClaim', [
	['bound', 'ready', { status: { phase: 'Bound' } }],
	['pending', 'waiting', { status: { phase: 'Pending' } }],
	['pending until a pod uses it', 'ready', { status: { phase: 'Pending' } }, { bindsOnUse: true }],
	['lost', 'failed', { status: { phase: 'Lost' } }],
	['lost, though it binds on use', 'failed', { status: { phase: 'Lost' } }, { bindsOnUse: true }],
]);

check('v1', 'Service', [
	[
		'a load balancer with an address',
		'ready',
		{
			spec: { type: 'LoadBalancer' },
			status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
		},
	],
	[
		'a load balancer without one',
		'waiting',
		{ spec: { type: 'LoadBalancer' }, status: { loadBalancer: {} } },
	],
	[
		'a load balancer whose list is empty',
		'waiting',
		{ spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [] } } },
	],
	[
		'a load balancer with a host name',
		'ready',
		{
			spec: { type: 'LoadBalancer' },
			status: { loadBalancer: { ingress: [{ hostname: 'a.elb.example.com' }] } },
		},
	],
	['ClusterIP', 'ready', { spec: { type: 'ClusterIP' }, status: { loadBalancer: {} } }],
	['NodePort', 'ready', { spec: { type: 'NodePort' }, status: { loadBalancer: {} } }],
]);

check('serving.knative.dev/v1', 'Service', [
	[
		'of another group goes by its own conditions',
		'waiting',
		{ spec: { type: 'ClusterIP' }, status: { conditions: [condition('Ready', 'False')] } },
	],
]);

check('apiextensions.k8s.io/v1', 'CustomResourceDefinition', [
	['established', 'ready', { status: { conditions: [condition('Established', 'True')] } }],
	['not yet', 'waiting', { status: { conditions: [condition('NamesAccepted', 'True')] } }],
	[
		'its names are taken',
		'failed',
		{
			status: {
				conditions: [condition('NamesAccepted', 'False'), condition('Established', 'False')],
			},
		},
	],
]);

check('example.com/v1', 'Widget', [
	['no status', 'ready', {}],
	['Ready', 'ready', { status: { conditions: [condition('Ready', 'True')] } }],
	['not Ready', 'waiting', { status: { conditions: [condition('Ready', 'False')] } }],
	['Ready unknown', 'waiting', { status: { conditions: [condition('Ready', 'Unknown')] } }],
	[
		'Ready, by the generation before',
		'waiting',
		{ status: { observedGeneration: 1, conditions: [condition('Ready', 'True')] } },
	],
	[
		'Ready, by a condition of the generation before',
		'waiting',
		{ status: { conditions: [{ ...condition('Ready', 'True'), observedGeneration: 1 }] } },
	],
	[
		'Ready, by a condition of this generation',
		'ready',
		{ status: { conditions: [{ ...condition('Ready', 'True'), observedGeneration: 2 }] } },
	],
	[
		'Stalled, by a condition of the generation before',
		'waiting',
		{
			status: {
				conditions: [
					{ ...condition('Stalled', 'True'), observedGeneration: 1 },
					condition('Ready', 'False'),
				],
			},
		},
	],
	['Reconciling', 'waiting', { status: { conditions: [condition('Reconciling', 'True')] } }],
	[
		'Reconciling, and Ready from before',
		'waiting',
		{ status: { conditions: [condition('Ready', 'True'), condition('Reconciling', 'True')] } },
	],
	[
		'Stalled, and Ready from before',
		'failed',
		{ status: { conditions: [condition('Ready', 'True'), condition('Stalled', 'True')] } },
	],
	[
		'Stalled',
		'failed',
		{ status: { conditions: [condition('Stalled', 'True'), condition('Ready', 'False')] } },
	],
	['Stalled no more', 'ready', { status: { conditions: [condition('Stalled', 'False')] } }],
	['deleted', 'waiting', { deleted: true }],
]);

check('v1', 'ConfigMap', [['is ready when it is there', 'ready', {}]]);
