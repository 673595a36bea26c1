import { describe, expect, test } from 'vitest';
import { stableAt } from '../../shared/kubernetes/diagnosis.ts';
import { image, never, podWith, waitingFor } from './pods.ts';

describe('when a rollout is believed', () => {
	const running = (startedAt: string, probed = false) =>
		podWith({
			spec: {
				containers: [{ name: 'web', image, ...(probed ? { readinessProbe: {} } : {}) }],
			},
			status: { ready: true, state: { running: { startedAt } } },
		});
	const start = '2026-01-01T00:00:00Z';

	test('a container without a probe has to run for a while', () => {
		expect(stableAt([running(start)], 3000)).toBe(Date.parse(start) + 3000);
	});

	test('one with a readiness probe is believed at once', () => {
		expect(stableAt([running(start, true)], 3000)).toBe(0);
	});

	test('one that does not run is not believed', () => {
		expect(stableAt([podWith({ status: waitingFor('CrashLoopBackOff') })], 3000)).toBe(never);
	});
});
