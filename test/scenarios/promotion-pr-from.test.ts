import { beforeEach, expect, test } from 'vitest';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { manifest, name, Promotion } from './promotion.ts';

let scene: Promotion;
let elsewhere: GitServer;
beforeEach(async () => {
	scene = await Promotion.start();
	elsewhere = await startGitServer();
	await elsewhere.createRepository('acme/qa', { files: { 'api.yaml': manifest(`${name}:2`) } });
	return async () => {
		await elsewhere.close();
		await scene.close();
	};
});

test('a token goes to the host that it is for, and to no other that an image is read from', async () => {
	const run = await scene.run({
		image: '',
		'from-file': 'api.yaml',
		'from-repository': elsewhere.cloneUrl('acme/qa'),
	});
	expect(run).toMatchObject({ exitCode: 0, outputs: { image: `${name}:2` } });
	expect(run.stdout).toContain('The token is for another host, and is not sent to 127.0.0.1:');
	expect(elsewhere.requests.length).toBeGreaterThan(0);
	for (const { authorization } of elsewhere.requests) expect(authorization).toBeUndefined();
});
