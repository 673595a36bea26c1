import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureSignature, writeCommit } from '../stand-ins/git/bare-repository.ts';
import { fronts } from './fronts.ts';
import { deployment, Infra, repository, token } from './infra.ts';
import { runStep } from './run-step.ts';

const image = 'ghcr.io/acme/api';
let infra: Infra;
beforeAll(async () => {
	infra = await Infra.start({
		'apps/api.yaml': deployment(`${image}:v1`),
		'-n.yaml': deployment(`${image}:v1`),
		'broken.yaml': 'spec:\n  image: a\n   name: b\n',
		'broken.json': '{\n  "image": \n}',
		'big.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n',
		'two.yaml': `${deployment(`${image}:v1`)}\n---\n${deployment(`${image}:v3`, 'old')}\n`,
	});
	const path = infra.server.repositoryPath(repository);
	const commit = await writeCommit(path, {
		parent: await infra.git('rev-parse', 'main'),
		files: { 'link.yaml': 'apps/api.yaml' },
		symlinks: new Set(['link.yaml']),
		message: 'Add a link',
		author: fixtureSignature,
	});
	await infra.git('update-ref', 'refs/heads/main', commit);
});
afterAll(() => infra.close());

describe('bad input: exit code 2, one sentence, and the server is not asked', () => {
	test.each([
		[{ repository: undefined }, '--repository is missing'],
		[{ file: undefined }, '--file is missing'],
		[{ image: undefined }, '--image is missing'],
		[{ tag: undefined }, '--tag is missing'],
		[{ repository: 'api' }, '--repository: "api" is no repository'],
		[{ repository: '--upload-pack=x' }, '--repository: "--upload-pack=x" is no repository'],
		[{ file: '../x.yaml' }, '--file: "../x.yaml" is not a path in the repository'],
		[{ file: '/etc/passwd' }, '--file: "/etc/passwd" is not a path in the repository'],
		[{ image: 'ghcr.io/acme/api:v1' }, '--image: "ghcr.io/acme/api:v1" is not an image name'],
		[{ tag: 'a b' }, '--tag: "a b" is not a tag'],
		[{ digest: 'sha256:abc' }, '--digest: "sha256:abc" is not a digest'],
		[{ set: 'a[=b' }, '--set: '],
		[{ image: undefined, pattern: '(x' }, '--pattern: (x is no regular expression'],
		[{ image: undefined, pattern: 'x' }, '--pattern: x has no group named version'],
		[{ branch: '-main' }, '--branch: "-main" is no name that git takes'],
		[{ branch: 'a..b' }, '--branch: "a..b" is no name that git takes'],
		[{ set: 'a=b', pattern: 'x' }, '--set and --pattern exclude each other'],
		[{ container: 'api', set: 'a=b' }, '--container and --set exclude each other'],
		[{ set: 'a={{tags}}' }, '--set: {{tags}} stands for nothing; there are name, tag'],
		[{ set: 'a={{digest}}' }, '--set: there is no digest to put in place of {{digest}}'],
		[{ 'source-commit': 'abc' }, '--source-commit: "abc" is not a full commit name'],
		[{ 'push-timeout': '5' }, '--push-timeout: "5" is not a duration'],
		[{ tag: 'a\nb' }, '--tag: "a\\nb" is not a tag'],
		[{ 'push-timeout': '1\n2' }, '--push-timeout: "1\\n2" is not a duration'],
		[{ 'api-url': 'x' }, '--api-url: "x" is not a URL'],
		[{ 'signing-key': 'x' }, '--signing-key: its value is not the text of an SSH or GPG private'],
		[{ tags: 'v2' }, '--tags is no input of this step (did you mean tag?)'],
		[
			{ 'ssh-key': 'x', repository: 'git@127.0.0.1:a/b.git' },
			'--ssh-key: its value is not the text of an SSH private key',
		],
	])('%j', async (inputs, message) => {
		const run = await infra.bump(inputs as Record<string, string | undefined>);
		expect(run).toMatchObject({ exitCode: 2, stdout: '', outputs: {} });
		expect(run.stderr).toContain(message);
		expect(run.stderr.trim().split('\n')).toHaveLength(1);
		expect(infra.takeRequests()).toEqual([]);
	});

	test('it is named as the front writes it', async () => {
		const env = { DRONE: 'true', CI: 'true', PLUGIN_FILE: 'x', PLUGIN_IMAGE: image };
		expect((await runStep('bump-image', { env })).stdout).toContain(
			'settings.repository is missing',
		);
	});
});

describe('what is not there: exit code 1, naming what is', () => {
	test.each([
		[
			{ file: 'apps/web.yaml' },
			/There is no file apps\/web\.yaml in main of \S+; it has apps\/api\.yaml/,
		],
		[{ file: 'none/*.yaml' }, /No file matches none\/\*\.yaml in main/],
		[{ file: 'apps' }, /apps in main of \S+ is a folder; name its files/],
		[{ file: 'link.yaml' }, /link\.yaml in main of \S+ is a symbolic link/],
		[{ file: 'big.bin' }, /big\.bin is kept in Git LFS/],
		[
			{ image: 'ghcr.io/acme/ap' },
			/ghcr\.io\/acme\/ap is not used in apps\/api\.yaml; images there: ghcr\.io\/acme\/api:v1 at apps\/api\.yaml:10:\d+/,
		],
		[{ container: 'web' }, /in container web is not used/],
		[{ file: 'broken.yaml', set: 'spec.image=b' }, /broken\.yaml:2:\d+: cannot be read/],
		[{ file: 'broken.json', set: 'image=b' }, /broken\.json:3:1: cannot be read/],
		[
			{ file: 'two.yaml' },
			/is used with different tags: .*two\.yaml:10:\d+ \(api\).*two\.yaml:2\d:\d+ \(old\)/,
		],
		[{ set: 'Deployment/api:spec.replicas=2' }, /spec/],
	])('%j', async (inputs, message) => {
		const run = await infra.bump(inputs as Record<string, string | undefined>);
		expect(run.exitCode).toBe(1);
		expect(run.stderr).toMatch(message);
		expect(run.stderr).not.toMatch(/^\s+at /m);
		expect(infra.takeRequests().join()).not.toContain('receive-pack');
	});
});

test.each(Object.entries(fronts))('on %s the place of an error is told once', async (_, front) => {
	const inputs = { repository: infra.url, token, file: 'broken.yaml', set: 'spec.image=b' };
	const run = await runStep(
		'bump-image',
		front({ server: infra.server.url, repository: 'acme/api', commit: 'c'.repeat(40) }, inputs),
	);
	expect((run.stdout + run.stderr).match(/[^:\n ]*broken\.yaml:\d+/g)).toEqual(['broken.yaml:2']);
	expect(run.stdout + run.stderr).toMatch(/broken\.yaml:2:\d+: cannot be read: /);
});

test('a file whose name begins with - is a file', async () => {
	const run = await infra.bump({ file: '-n.yaml' });
	expect(run).toMatchObject({ exitCode: 0, outputs: { files: '["-n.yaml"]' } });
});

test('an unquoted tag that YAML read as a number is warned of', async () => {
	const env = {
		...{ DRONE: 'true', CI: 'true', DRONE_BUILD_EVENT: 'tag', DRONE_TAG: '1.20' },
		...{ PLUGIN_REPOSITORY: infra.url, PLUGIN_TOKEN: token, PLUGIN_FILE: 'apps/api.yaml' },
		...{ PLUGIN_IMAGE: image, PLUGIN_TAG: '1.2', 'PLUGIN_DRY-RUN': 'true' },
	};
	expect((await runStep('bump-image', { env })).stdout).toContain(
		'settings.tag is 1.2, but the tag of this event is 1.20: YAML reads it as a number',
	);
});
