import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pushImage } from '../stand-ins/registry/push-image.ts';
import { fronts, type Values } from './fronts.ts';
import { deployment, log, service } from './rolling-deploy-run.ts';
import { failures, Stage } from './verify-deployment-run.ts';

let stage: Stage;
beforeEach(async () => {
	stage = await Stage.start();
});
afterEach(() => stage.close());

describe.each(Object.entries(fronts))('on %s', (_name, front) => {
	test('what rolling-deploy brought is verified by its digest', async () => {
		const digest = await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1')) + service);
		const run = await stage.verify({ url: 'service://web:80/' }, front);
		expect(run.exitCode, log(run)).toBe(0);
		expect(run.outputs).toMatchObject({
			verified: 'true',
			'image-ids': JSON.stringify([`${stage.registry.host}/acme/web@${digest}`]),
			failures: '[]',
		});
	});
});

describe('the image', () => {
	test('of a tag that was moved since is told with both digests', async () => {
		const old = await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1')));
		const moved = await pushImage(stage.registry, 'acme/web:1', { content: 'another' });
		const run = await stage.verify({});
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.verified).toBe('false');
		expect(failures(run)).toEqual([
			expect.stringMatching(
				`container "web" of pod web-.* runs ${old}, and ${stage.image('1')} is ${moved}`,
			),
		]);
	});

	test('of a platform counts as its index, and the index as itself', async () => {
		const platforms = ['linux/amd64', 'linux/arm64'];
		await pushImage(stage.registry, 'acme/web:1', { platforms });
		await stage.rollOut(deployment(stage.image('1')));
		expect(await stage.verify({})).toMatchObject({ exitCode: 0 });
		for (const [tag, told] of [
			['2', 'manifest'],
			['3', 'config'],
		] as const) {
			const index = await pushImage(stage.registry, `acme/web:${tag}`, { platforms, content: tag });
			const digest = await platformDigest(index, told);
			// As a runtime does that tells the manifest of its platform, or its config.
			stage.told.set(index, digest);
			await stage.rollOut(deployment(stage.image(tag)));
			const run = await stage.verify({});
			expect(run.exitCode, log(run)).toBe(0);
			expect(run.outputs['image-ids']).toContain(digest);
		}
	});

	/** Of the first platform of an index. */
	async function platformDigest(index: string, of: 'manifest' | 'config'): Promise<string> {
		const read = async (digest: string) =>
			(await (await fetch(`${stage.registry.url}/v2/acme/web/manifests/${digest}`)).json()) as {
				manifests?: { digest: string }[];
				config?: { digest: string };
			};
		const child = (await read(index)).manifests?.[0]?.digest ?? '';
		return of === 'manifest' ? child : ((await read(child)).config?.digest ?? '');
	}

	test('by digest needs no registry where the nodes tell that very digest', async () => {
		const digest = await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1')));
		stage.registry.requests.length = 0;
		const pinned = `${stage.registry.host}/acme/web@${digest}`;
		const run = await stage.verify({ workload: 'deploy/web', image: pinned });
		expect(run.exitCode, log(run)).toBe(0);
		expect(stage.registry.requests).toEqual([]);
	});

	test('of another repository, and a workload that is not there, are told', async () => {
		await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1')));
		const other = await stage.verify({ workload: 'Deployment/web', image: 'acme/api:1' });
		expect(failures(other)[0]).toMatch(
			/no container of Deployment\/web is of acme\/api; they are of/,
		);
		const missing = await stage.verify({ workload: 'Deployment/api', image: stage.image('1') });
		expect(failures(missing)).toEqual(['Deployment/api is not there in namespace default']);
		const none = await stage.verify({ workload: 'Deployment/web', image: stage.image('2') });
		expect(failures(none)).toEqual([`the registry has no ${stage.image('2')}`]);
	});

	test('of a workload with no pod is not verified', async () => {
		await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1'), 'replicas: 0'));
		const run = await stage.verify({});
		expect(run.exitCode).toBe(1);
		expect(failures(run)).toEqual(['Deployment/web has no pod that runs']);
	});

	test('of a rollout that failed is not verified', async () => {
		await mkdir(join(stage.workspace, '.lockstep'));
		const outputs = { status: 'failed', images: '["acme/web:1"]', reason: 'it crashed' };
		await writeFile(
			join(stage.workspace, '.lockstep/rolling-deploy.json'),
			JSON.stringify(outputs),
		);
		const run = await stage.verify({});
		expect(run.exitCode).toBe(1);
		expect(log(run)).toContain('ended as failed (it crashed)');
	});
});
describe('is bad input', () => {
	test.each<[string, Values, RegExp]>([
		['nothing to verify', {}, /There is nothing to verify/],
		[
			'a workload that is none',
			{ workload: 'web' },
			/--workload: "web" is no workload; it has to be KIND\/NAME/,
		],
		[
			'an image that is none',
			{ workload: 'Deployment/web', image: 'Acme/Web' },
			/is no image reference/,
		],
		['an image of no workload', { image: 'acme/web:1' }, /image needs .*workload beside it/],
		['an address of another kind', { url: 'ftp://web/' }, /--url: .*has to be https:\/\//],
		['a TCP address without a port', { url: 'tcp://web' }, /has no port/],
		['a path of TCP', { url: 'tcp+service://web:80/x' }, /has to be .*tcp\+service:\/\/name/],
		['a Service that is none', { url: 'service://Web_1/' }, /has to be service:\/\/name:port/],
		[
			'a status that is none',
			{ url: 'http://web', 'expect-status': '20' },
			/--expect-status: "20" is neither a status/,
		],
		[
			'a path of JSON that is none',
			{ url: 'http://web', 'expect-json': 'a[=1' },
			/--expect-json: .*a\[/,
		],
		[
			'a regular expression that is none',
			{ url: 'http://web', 'expect-body': '/(/' },
			/no regular expression/,
		],
		[
			'a login that cannot be decoded',
			{ url: 'http://ci:pass%word@web' },
			/--url: the user name and the password for web have to be percent-encoded \(% as %25\)/,
		],
		[
			'an authority that is none',
			{ url: 'https://web', 'ca-certificate': 'nowhere.pem' },
			/--ca-certificate is neither a file that can be read \(no such file\), nor a certificate/,
		],
	])('%s', async (_what, inputs, message) => {
		const run = await stage.verify(inputs);
		expect(run.exitCode, log(run)).toBe(2);
		expect(log(run)).toMatch(message);
		expect(stage.cluster.requests).toEqual([]);
	});
});

test('a dry run tells what would be checked, and checks nothing', async () => {
	const run = await stage.verify({
		workload: 'Deployment/web',
		command: 'touch done',
		'dry-run': 'true',
	});
	expect(run.exitCode, log(run)).toBe(0);
	expect(log(run)).toContain('Would check: touch done');
	expect(stage.cluster.requests).toEqual([]);
});
