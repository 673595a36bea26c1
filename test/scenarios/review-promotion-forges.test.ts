import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { testedForges } from './forges.ts';
import { branch, manifest, name, Promotion } from './promotion.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe.each(testedForges)('on $title', (on) => {
	let scene: Promotion;
	beforeEach(async () => {
		scene = await Promotion.start({}, on);
	});
	afterEach(async () => {
		const problems = await scene.requestProblems();
		await scene.close();
		expect(problems).toEqual([]);
	});

	test('what is open is listed, shown with its diff, commented on and closed', async () => {
		await scene.run();
		const listed = await scene.review({});
		expect(listed.exitCode, listed.stderr).toBe(0);
		expect(JSON.parse(listed.outputs.requests ?? '')).toMatchObject([{ number: 1, head: branch }]);
		const shown = await scene.review({ number: '1' });
		expect(shown.stderr).toMatch(/^1 \(open\): Promote/);
		expect(shown.stderr).toContain(`+    - {name: api, image: "${name}:2"} # keep`);
		await scene.review({ number: '1', action: 'comment', message: 'Not on Friday.' });
		const closed = await scene.review({ number: '1', action: 'close', message: 'Not needed.' });
		expect(closed).toMatchObject({ exitCode: 0, outputs: { state: 'closed', merged: 'false' } });
		expect(scene.pull.state).toBe('closed');
		expect(scene.pull.comments.map(({ body }) => body)).toEqual(['Not on Friday.', 'Not needed.']);
	});

	test('what nothing stands in the way of is merged by the forge, with the record', async () => {
		await scene.run();
		const merge = { action: 'merge', number: '1', method: 'squash' };
		const { exitCode, outputs, stderr } = await scene.review(merge);
		expect(exitCode, stderr).toBe(0);
		expect(outputs).toMatchObject({ state: 'merged', merged: 'true' });
		expect(await scene.git('show', 'main:api.yaml')).toBe(manifest(`${name}:2`).trimEnd());
		const record = await scene.git(
			'log',
			'-1',
			'--format=%(trailers:key=Lockstep-Image,valueonly)',
			'main',
		);
		expect(record.trim()).toBe(`${name}:2`);
	});

	test('what the step leaves to the pages of the forge is said so', async () => {
		await scene.run();
		for (const action of ['approve', 'ready']) {
			const { exitCode, stderr } = await scene.review({ number: '1', action });
			expect(exitCode).toBe(2);
			expect(stderr).toContain(`--action ${action} is for a plain git server; do it on the page`);
		}
	});
});
