import { describe, expect, test } from 'vitest';
import { diagnose } from '../../shared/kubernetes/diagnosis.ts';
import type { Event } from '../../shared/kubernetes/object.ts';
import {
	deployment,
	ended,
	eventOf,
	image,
	never,
	type PodParts,
	podWith,
	waitingFor,
} from './pods.ts';

type Row = [
	cause: string,
	parts: PodParts,
	events: Event[],
	expected: { graceMs: number; reason: RegExp } | 'nothing',
];

const pull = 'rpc error: code = NotFound desc = failed to resolve reference: not found';

test.each<Row>([
	[
		'an image that does not exist fails at once',
		{ status: waitingFor('ErrImagePull', pull) },
		[],
		{
			graceMs: 0,
			reason: /container "web" cannot start: image \S+web:1\.2\.3 cannot be pulled: .*not found/,
		},
	],
	[
		'an image that may not be read fails at once',
		{ status: waitingFor('ErrImagePull', 'pull access denied for acme/web') },
		[],
		{ graceMs: 0, reason: /denied/ },
	],
	[
		'a registry that does not answer is given a minute',
		{ status: waitingFor('ErrImagePull', 'dial tcp 192.0.2.1:443: i/o timeout') },
		[],
		{ graceMs: 60_000, reason: /i\/o timeout/ },
	],
	[
		'so is one whose name is not known yet',
		{ status: waitingFor('ErrImagePull', 'dial tcp: lookup registry.example.com: no such host') },
		[],
		{ graceMs: 60_000, reason: /no such host/ },
	],
	[
		'so is one that has enough of being asked',
		{ status: waitingFor('ErrImagePull', '429 Too Many Requests - toomanyrequests: pull limit') },
		[],
		{ graceMs: 60_000, reason: /toomanyrequests/ },
	],
	[
		'a back-off is given a minute',
		{ status: waitingFor('ImagePullBackOff', `Back-off pulling image "${image}"`) },
		[],
		{ graceMs: 60_000, reason: /cannot be pulled/ },
	],
	[
		'a back-off after a definite refusal fails at once, by its event',
		{ status: waitingFor('ImagePullBackOff', `Back-off pulling image "${image}"`) },
		[eventOf('Failed', `Failed to pull image "${image}": ${pull}`)],
		{ graceMs: 0, reason: /not found/ },
	],
	[
		'an image that may not be pulled at all fails at once',
		{ status: waitingFor('ErrImageNeverPull') },
		[],
		{ graceMs: 0, reason: /imagePullPolicy is Never/ },
	],
	[
		'a name that is none fails at once',
		{ status: waitingFor('InvalidImageName', 'invalid reference format') },
		[],
		{ graceMs: 0, reason: /is no image name/ },
	],
	[
		'a missing ConfigMap fails at once',
		{ status: waitingFor('CreateContainerConfigError', 'configmap "web" not found') },
		[],
		{ graceMs: 0, reason: /configmap "web" not found/ },
	],
	[
		'a cache that is not filled yet does not',
		{
			status: waitingFor(
				'CreateContainerConfigError',
				'failed to sync configmap cache: timed out waiting for the condition',
			),
		},
		[],
		{ graceMs: never, reason: /failed to sync/ },
	],
	[
		'a container that starts is no cause',
		{ status: waitingFor('ContainerCreating') },
		[],
		'nothing',
	],
	[
		'a crash counts from the second restart',
		{
			status: { ...waitingFor('CrashLoopBackOff'), restartCount: 2, lastState: ended(3) },
		},
		[],
		{
			graceMs: 0,
			reason: /container "web" of pod web-abc ended with exit code 3, and was restarted 2 times/,
		},
	],
	[
		'at the first restart it may still come up',
		{
			status: { ...waitingFor('CrashLoopBackOff'), restartCount: 1, lastState: ended(3) },
		},
		[],
		{ graceMs: never, reason: /restarted once/ },
	],
	[
		'a container that came up after two restarts is no cause',
		{
			phase: 'Running',
			status: { ready: true, state: { running: {} }, restartCount: 2, lastState: ended(3) },
		},
		[],
		'nothing',
	],
	[
		'a container that ends with 0 again and again is a crash as well',
		{
			status: {
				...waitingFor('CrashLoopBackOff'),
				restartCount: 2,
				lastState: ended(0, 'Completed'),
			},
		},
		[],
		{ graceMs: 0, reason: /exit code 0/ },
	],
	[
		'memory is told as memory',
		{
			status: {
				...waitingFor('CrashLoopBackOff'),
				restartCount: 2,
				lastState: ended(137, 'OOMKilled'),
			},
		},
		[],
		{ graceMs: 0, reason: /more memory than its limit \(exit code 137\)/ },
	],
	[
		'a container that its liveness probe kills is told with the probe',
		{
			status: { ...waitingFor('CrashLoopBackOff'), restartCount: 2, lastState: ended(137) },
		},
		[eventOf('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500')],
		{ graceMs: 0, reason: /Liveness probe failed: HTTP probe failed with statuscode: 500/ },
	],
	[
		'an init container is named as one',
		{
			init: true,
			status: { ...waitingFor('CrashLoopBackOff'), restartCount: 2, lastState: ended(1) },
		},
		[],
		{ graceMs: 0, reason: /^init container "web" of pod web-abc ended with exit code 1/ },
	],
	[
		'an init container that is done is no cause',
		{ init: true, status: { state: ended(0, 'Completed'), restartCount: 2 } },
		[],
		'nothing',
	],
	[
		'a readiness probe counts at the deadline, with its path',
		{
			phase: 'Running',
			spec: {
				containers: [
					{ name: 'web', image, readinessProbe: { httpGet: { path: '/healthz', port: 8080 } } },
				],
			},
			status: { state: { running: {} }, started: true },
		},
		[eventOf('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')],
		{ graceMs: never, reason: /readiness probe \(GET \/healthz on port 8080\).*statuscode: 503/ },
	],
	[
		'a startup probe counts at the deadline, with its command',
		{
			phase: 'Running',
			spec: {
				containers: [{ name: 'web', image, startupProbe: { exec: { command: ['cat', '/up'] } } }],
			},
			status: { state: { running: {} }, started: false },
		},
		[],
		{ graceMs: never, reason: /startup probe \(command cat \/up\)/ },
	],
	[
		'a pod that fits on no node counts at the deadline',
		{
			conditions: [
				{
					type: 'PodScheduled',
					status: 'False',
					reason: 'Unschedulable',
					message: '0/3 nodes are available: 3 Insufficient cpu.',
				},
			],
		},
		[],
		{ graceMs: never, reason: /fits on no node: 0\/3 nodes are available: 3 Insufficient cpu/ },
	],
	[
		'a volume of a missing Secret is given a minute',
		{ status: waitingFor('ContainerCreating') },
		[eventOf('FailedMount', 'MountVolume.SetUp failed for volume "c": secret "tls" not found')],
		{ graceMs: 60_000, reason: /secret "tls" not found/ },
	],
])('%s', (_cause, parts, events, expected) => {
	const causes = diagnose(deployment, { pods: [podWith(parts)], events });
	if (expected === 'nothing') expect(causes).toEqual([]);
	else {
		expect(causes).toHaveLength(1);
		expect(causes[0]?.graceMs).toBe(expected.graceMs);
		expect(causes[0]?.reason).toMatch(expected.reason);
	}
});

test('an unschedulable pod is worth a warning while it lasts', () => {
	const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }];
	const [cause] = diagnose(deployment, { pods: [podWith({ conditions })], events: [] });
	expect(cause?.isWarning).toBe(true);
});

describe('pods that the server refuses', () => {
	const failing = (status: string) => ({
		...deployment,
		status: {
			conditions: [
				{
					type: 'ReplicaFailure',
					status,
					reason: 'FailedCreate',
					message: 'exceeded quota: small',
				},
			],
		},
	});

	test('are told after 15 s, with what the server says', () => {
		const [cause] = diagnose(failing('True'), { pods: [], events: [] });
		expect(cause).toMatchObject({
			graceMs: 15_000,
			reason: 'its pods cannot be created: exceeded quota: small',
		});
	});

	test('are no cause any more when the condition is false', () => {
		expect(diagnose(failing('False'), { pods: [], events: [] })).toEqual([]);
	});

	test('are told by the event where the kind has no such condition', () => {
		const events = [eventOf('FailedCreate', 'forbidden: violates PodSecurity', 'uid-web')];
		const [cause] = diagnose({ ...deployment, kind: 'StatefulSet' }, { pods: [], events });
		expect(cause?.reason).toContain('violates PodSecurity');
	});
});

test('a Job tries again by its own rules: a crash is no end', () => {
	const job = { ...deployment, apiVersion: 'batch/v1', kind: 'Job' };
	const pod = podWith({ phase: 'Failed', status: { state: ended(1), restartCount: 3 } });
	const [cause] = diagnose(job, { pods: [pod], events: [] });
	expect(cause?.graceMs).toBe(never);
});

test('the same cause in several pods is told once', () => {
	const pod = podWith({ status: waitingFor('ErrImagePull', pull) });
	expect(diagnose(deployment, { pods: [pod, pod, pod], events: [] })).toHaveLength(1);
});
