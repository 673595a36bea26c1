import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askRegistry } from '../stand-ins/kubernetes/ask-registry.ts';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { pushImage } from '../stand-ins/registry/push-image.ts';
import { type Registry, startRegistry } from '../stand-ins/registry/registry.ts';
import { commandLine, type Front, fronts, type Values } from './fronts.ts';
import { deployment, log, service } from './rolling-deploy-run.ts';
import { runStep, type StepRun } from './run-step.ts';

const situation = {
	server: 'http://127.0.0.1:23100',
	repository: 'acme/infra-qa',
	commit: '0123456789012345678901234567890123456789',
};

let cluster: Cluster;
let registry: Registry;
let workspace: string;
/** What the nodes tell in the place of a digest. */
let runs: Map<string, string>;
beforeEach(async () => {
	runs = new Map();
	registry = await startRegistry();
	cluster = await startCluster({
		behaviour: async (image, pod) => {
			const behaviour = await askRegistry()(image, pod);
			if (behaviour.kind !== 'ready') return behaviour;
			const [name, digest = ''] = (behaviour.imageID ?? '').split('@');
			return { ...behaviour, imageID: `${name}@${runs.get(digest) ?? digest}` };
		},
		serve: (pod, path) =>
			answers[path] ?? { status: 404, body: `${pod.metadata.name}: no ${path}` },
	});
	workspace = await mkdtemp(join(tmpdir(), 'verify-deployment-'));
	await writeFile(join(workspace, 'kubeconfig'), cluster.kubeconfig());
});
afterEach(async () => {
	await cluster.close();
	await registry.close();
	await rm(workspace, { recursive: true });
});

const answers: Readonly<Record<string, { status: number; type?: string; body: string }>> = {
	'/': { status: 200, body: 'Welcome, version 1.4' },
	'/down': { status: 503, body: 'no database' },
	'/healthz?full=1': {
		status: 200,
		type: 'application/json',
		body: '{"status":"ok","checks":[{"name":"db","up":true}]}',
	},
};

async function verify(inputs: Values, front: Front = commandLine): Promise<StepRun> {
	const all = { kubeconfig: 'kubeconfig', attempts: '2', interval: '0.1s', ...inputs };
	return await runStep('verify-deployment', { ...front(situation, all), cwd: workspace });
}

async function rollOut(manifests: string): Promise<void> {
	await writeFile(join(workspace, 'k.yaml'), manifests);
	const inputs = { manifests: 'k.yaml', kubeconfig: 'kubeconfig', 'stable-for': '0.1s' };
	const run = await runStep('rolling-deploy', {
		...commandLine(situation, inputs),
		cwd: workspace,
	});
	if (run.exitCode !== 0) throw new Error(log(run));
}

const image = (tag: string) => `${registry.host}/acme/web:${tag}`;
const failures = ({ outputs }: StepRun) =>
	(JSON.parse(outputs.failures ?? '[]') as { failure: string }[]).map(({ failure }) => failure);

describe.each(Object.entries(fronts))('on %s', (_name, front) => {
	test('what rolling-deploy brought is verified by its digest', async () => {
		const digest = await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1')) + service);
		const run = await verify({ url: 'service://web:80/' }, front);
		expect(run.exitCode, log(run)).toBe(0);
		expect(run.outputs).toMatchObject({
			verified: 'true',
			'image-ids': JSON.stringify([`${registry.host}/acme/web@${digest}`]),
			failures: '[]',
		});
	});
});

describe('the image', () => {
	test('of a tag that was moved since is told with both digests', async () => {
		const old = await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1')));
		const moved = await pushImage(registry, 'acme/web:1', { content: 'another' });
		const run = await verify({});
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.verified).toBe('false');
		expect(failures(run)).toEqual([
			expect.stringMatching(
				`container "web" of pod web-.* runs ${old}, and ${image('1')} is ${moved}`,
			),
		]);
	});

	test('of a platform counts as its index, and the index as itself', async () => {
		const platforms = ['linux/amd64', 'linux/arm64'];
		await pushImage(registry, 'acme/web:1', { platforms });
		await rollOut(deployment(image('1')));
		expect(await verify({})).toMatchObject({ exitCode: 0 });
		for (const [tag, told] of [
			['2', 'manifest'],
			['3', 'config'],
		] as const) {
			const index = await pushImage(registry, `acme/web:${tag}`, { platforms, content: tag });
			const digest = await platformDigest(index, told);
			// As a runtime does that tells the manifest of its platform, or its config.
			runs.set(index, digest);
			await rollOut(deployment(image(tag)));
			const run = await verify({});
			expect(run.exitCode, log(run)).toBe(0);
			expect(run.outputs['image-ids']).toContain(digest);
		}
	});

	/** Of the first platform of an index. */
	async function platformDigest(index: string, of: 'manifest' | 'config'): Promise<string> {
		const read = async (digest: string) =>
			(await (await fetch(`${registry.url}/v2/acme/web/manifests/${digest}`)).json()) as {
				manifests?: { digest: string }[];
				config?: { digest: string };
			};
		const child = (await read(index)).manifests?.[0]?.digest ?? '';
		return of === 'manifest' ? child : ((await read(child)).config?.digest ?? '');
	}

	test('by digest needs no registry where the nodes tell that very digest', async () => {
		const digest = await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1')));
		registry.requests.length = 0;
		const pinned = `${registry.host}/acme/web@${digest}`;
		const run = await verify({ workload: 'deploy/web', image: pinned });
		expect(run.exitCode, log(run)).toBe(0);
		expect(registry.requests).toEqual([]);
	});

	test('of another repository, and a workload that is not there, are told', async () => {
		await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1')));
		const other = await verify({ workload: 'Deployment/web', image: 'acme/api:1' });
		expect(failures(other)[0]).toMatch(
			/no container of Deployment\/web is of acme\/api; they are of/,
		);
		const missing = await verify({ workload: 'Deployment/api', image: image('1') });
		expect(failures(missing)).toEqual(['Deployment/api is not there in namespace default']);
		const none = await verify({ workload: 'Deployment/web', image: image('2') });
		expect(failures(none)).toEqual([`the registry has no ${image('2')}`]);
	});

	test('of a workload with no pod is not verified', async () => {
		await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1'), 'replicas: 0'));
		const run = await verify({});
		expect(run.exitCode).toBe(1);
		expect(failures(run)).toEqual(['Deployment/web has no pod that runs']);
	});

	test('of a rollout that failed is not verified', async () => {
		await mkdir(join(workspace, '.lockstep'));
		const outputs = { status: 'failed', images: '["acme/web:1"]', reason: 'it crashed' };
		await writeFile(join(workspace, '.lockstep/rolling-deploy.json'), JSON.stringify(outputs));
		const run = await verify({});
		expect(run.exitCode).toBe(1);
		expect(log(run)).toContain('ended as failed (it crashed)');
	});
});

describe('a Service behind the API server', () => {
	beforeEach(async () => {
		await pushImage(registry, 'acme/web:1');
		await rollOut(deployment(image('1')) + service);
	});

	test.each<[string, Values]>([
		['a status', { url: 'service://web:80/down', 'expect-status': '503' }],
		['a class of them', { url: 'service://web/down', 'expect-status': '2xx, 5xx' }],
		['a text in the body', { url: 'service://web.default:80', 'expect-body': 'version 1' }],
		['a regular expression', { url: 'service://web:80/', 'expect-body': '/version \\d\\.\\d$/' }],
		[
			'values in JSON',
			{
				url: 'service://web:80/healthz?full=1',
				'expect-json': 'status=ok\nchecks[0].up=true\nchecks[name=db].up=true',
			},
		],
	])('answers with %s', async (_what, inputs) => {
		const run = await verify(inputs);
		expect(run.exitCode, log(run)).toBe(0);
	});

	test.each<[string, Values, RegExp]>([
		[
			'another status',
			{ url: 'service://web:80/down' },
			/^the status is 503, not 2xx: no database$/,
		],
		[
			'no such text',
			{ url: 'service://web:80/', 'expect-body': 'version 2' },
			/body does not have version 2/,
		],
		[
			'no JSON',
			{ url: 'service://web:80/', 'expect-json': 'a=1' },
			/^the body is no JSON: Welcome/,
		],
		[
			'another value',
			{ url: 'service://web:80/healthz?full=1', 'expect-json': 'checks[name=db].up=false' },
			/^checks\[name=db\]\.up is true, not false$/,
		],
		[
			'no such value',
			{ url: 'service://web:80/healthz?full=1', 'expect-json': 'checks[name=mq].up=true' },
			/^the body has no checks\[name=mq\]\.up/,
		],
		['no such port', { url: 'service://web:81/' }, /no service port "81" found/],
		['no such Service', { url: 'service://api:80/' }, /services "api" not found/],
	])('fails with %s', async (_what, inputs, reason) => {
		const run = await verify(inputs);
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run)).toEqual([expect.stringMatching(reason)]);
	});

	test('needs a right of its own, which is named', async () => {
		const read = { apiGroups: ['*'], verbs: ['get', 'list', 'watch'] };
		cluster.allow('reader-token', 'reader', [
			{ ...read, resources: ['deployments', 'replicasets', 'pods'] },
		]);
		await writeFile(join(workspace, 'reader'), cluster.kubeconfig('reader-token'));
		const run = await verify({ kubeconfig: 'reader', url: 'service://web:80/' });
		expect(run.exitCode).toBe(1);
		expect(failures(run)).toEqual([
			expect.stringMatching(/"reader" cannot get resource "services\/proxy"/),
		]);
	});
});

describe('a forwarded port', () => {
	const rules = (...resources: string[]) => [
		{ apiGroups: ['*'], verbs: ['get', 'list', 'create'], resources },
	];
	const serviceOf = (name: string, spec: string) =>
		`---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;

	beforeEach(async () => {
		await pushImage(registry, 'acme/web:1');
		const ports = '          ports: [{containerPort: 8080, name: http}]\n';
		await rollOut(
			deployment(image('1'), 'replicas: 1', ports) +
				serviceOf('web', 'selector: {app: web}, ports: [{port: 80, targetPort: http}]') +
				serviceOf('shut', 'selector: {app: web}, ports: [{port: 80, targetPort: 9}]') +
				serviceOf('astray', 'selector: {app: web}, ports: [{port: 80, targetPort: grpc}]') +
				serviceOf('elsewhere', 'ports: [{port: 80}]'),
		);
		cluster.create('Service', {
			metadata: { name: 'alone', namespace: 'default' },
			spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] },
		});
		const needed = ['deployments', 'replicasets', 'services', 'pods'];
		cluster.allow('forwarder-token', 'forwarder', rules(...needed, 'pods/portforward'));
		cluster.allow('reader-token', 'reader', rules(...needed));
		for (const name of ['forwarder', 'reader'])
			await writeFile(join(workspace, name), cluster.kubeconfig(`${name}-token`));
	});

	const paths = () => cluster.requests.map(({ path }) => path);

	test.each<[string, Values]>([
		['takes the place of a proxy that is not allowed', { url: 'service://web:80/' }],
		[
			'answers as the Service does',
			{ url: 'service://web/healthz?full=1', 'expect-json': 'status=ok' },
		],
		['takes connections', { url: 'tcp+service://web.default:80' }],
	])('%s', async (_what, inputs) => {
		const run = await verify({ kubeconfig: 'forwarder', ...inputs });
		expect(run.exitCode, log(run)).toBe(0);
		expect(paths()).toContainEqual(expect.stringMatching(/\/pods\/web-[^/]+\/portforward$/));
	});

	test.each<[string, Values, RegExp]>([
		['a port that is shut', { url: 'tcp+service://shut:80' }, /takes no connection: .*refused/],
		['a port that is shut, by HTTP', { url: 'service://shut:80/' }, /port 9: .*refused/],
		['a status', { url: 'service://web:80/down' }, /status is 503/],
		['no such port', { url: 'tcp+service://web:81' }, /Service\/web has no port 81; it has 80/],
		['no such name', { url: 'tcp+service://astray:80' }, /a port "grpc", and pod web-\S+ has none/],
		['no selector', { url: 'tcp+service://elsewhere:80' }, /Service\/elsewhere has no selector/],
		['no pod that is ready', { url: 'tcp+service://alone:80' }, /no pod behind Service\/alone/],
	])('fails with %s', async (_what, inputs, reason) => {
		const run = await verify({ kubeconfig: 'forwarder', ...inputs });
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run).at(-1)).toMatch(reason);
	});

	test.each([
		['tcp+service://web:80', 'pods/portforward'],
		// Of the two rights that would do, the first.
		['service://web:80/', 'services/proxy'],
	])('needs a right of its own, which is named: %s', async (url, right) => {
		const run = await verify({ kubeconfig: 'reader', url });
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run).at(-1)).toContain(`"reader" cannot get resource "${right}"`);
	});
});

describe('without a cluster', () => {
	let server: Server;
	let asked: string[];
	let url: string;
	beforeEach(async () => {
		asked = [];
		server = createServer(({ url, headers }, response) => {
			asked.push(`${url} ${headers.authorization ?? ''}`.trim());
			response.statusCode = asked.length < 3 ? 502 : 200;
			response.end('ready');
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});
	const alone = { kubeconfig: '' };

	test('an address is asked until it answers as it has to', async () => {
		const run = await verify({ ...alone, url: `http://ci:horse@${url}/x?y=1`, attempts: '3' });
		expect(run.exitCode, log(run)).toBe(0);
		const login = Buffer.from('ci:horse').toString('base64');
		expect(asked).toEqual(new Array(3).fill(`/x?y=1 Basic ${login}`));
		expect(log(run)).toContain('passed at attempt 3');
		expect(log(run)).not.toContain('horse');
	});

	test('it is asked as often as attempts says, and no more', async () => {
		const run = await verify({ ...alone, url: `http://${url}/` });
		expect(run.exitCode).toBe(1);
		expect(asked).toHaveLength(2);
	});

	test('a TCP port takes a connection, or none', async () => {
		expect(await verify({ ...alone, url: `tcp://${url}` })).toMatchObject({ exitCode: 0 });
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		const run = await verify({ ...alone, url: `tcp://${url}` });
		expect(failures(run)).toEqual([expect.stringMatching(/takes no connection: .*ECONNREFUSED/)]);
	});

	test('a command holds where it ends with 0, and tells what it wrote where not', async () => {
		expect(await verify({ ...alone, command: 'test -f kubeconfig' })).toMatchObject({
			exitCode: 0,
		});
		const run = await verify({ ...alone, command: 'echo no luck >&2; exit 4' });
		expect(failures(run)).toEqual(['it ended with 4: no luck']);
	});

	test('an attempt that hangs is ended', async () => {
		const run = await verify({ ...alone, command: 'sleep 60', 'check-timeout': '0.2s' });
		expect(failures(run)).toEqual(['it took longer than 0.2 s']);
	});

	test.each([
		['and what it has started', '(sleep 60; true)'],
		['and what it leaves behind', 'sleep 60 & sleep 61'],
	])('an attempt that hangs is ended, %s', async (_what, command) => {
		const run = await verify({ ...alone, command, 'check-timeout': '0.2s' });
		expect(failures(run)).toEqual(['it took longer than 0.2 s']);
	});

	test('a command may write more than anybody reads', async () => {
		const command = 'yes | head -c 50000000; echo the end; exit 1';
		const run = await verify({ ...alone, command, attempts: '1' });
		expect(failures(run)).toEqual([expect.stringMatching(/^it ended with 1: (y\n)+the end$/)]);
	});

	test('a run that is out of time tells what did not hold until then', async () => {
		const run = await verify({
			...alone,
			command: 'echo no luck; exit 1',
			attempts: '1000',
			timeout: '1s',
		});
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.verified).toBe('false');
		expect(failures(run)).toEqual(['it ended with 1: no luck']);
		expect(log(run)).toMatch(/Not done within 1 s; .*: it ended with 1: no luck/);
	});

	test('the results are a JUnit file, which holds what failed and no control characters', async () => {
		const run = await verify({ ...alone, command: "printf 'a\\033<b>\"&\\nc'; exit 1\ntrue" });
		expect(run.exitCode).toBe(1);
		const xml = await readFile(join(workspace, '.lockstep/verify-deployment.xml'), 'utf8');
		expect(xml).toContain('<testsuite name="verify-deployment" tests="2" failures="1"');
		expect(xml).toMatch(
			/<testcase classname="verify-deployment\.command" name="true" time="[\d.]+"\/>/,
		);
		expect(xml).toContain(
			'<failure message="it ended with 1: a\ufffd&lt;b&gt;&quot;&amp;&#10;c"/>',
		);
	});
});

describe('an answer that nobody expects', () => {
	let server: Server;
	let url: string;
	const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
		'/moved': (response) =>
			response.writeHead(302, { location: 'https://login.example.com/' }).end(),
		'/endless': (response) => {
			const more = () => {
				while (response.write('x'.repeat(100_000)));
			};
			response.on('drain', more);
			more();
		},
		'/silent': () => undefined,
		'/slow': (response) => response.write('{'),
		'/broken': (response) => response.write('{', () => response.destroy()),
		'/cut': (response) => response.end('{"status": "ok"'),
		'/list': (response) => response.end('[null, {"status": {"db": null}}]'),
		'/garbage': (response) => response.socket?.end('this is no HTTP\r\n\r\n'),
	};
	beforeEach(async () => {
		server = createServer(({ url }, response) => answers[url ?? '']?.(response));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});

	test.each<[string, Values, RegExp]>([
		['/moved', {}, /^the status is 302 \(to https:\/\/login\.example\.com\/\), not 2xx/],
		['/endless', {}, /^the answer is longer than 10 MB/],
		['/silent', {}, /^it took longer than 1 s/],
		['/slow', {}, /^it took longer than 1 s/],
		['/broken', {}, /got no answer: /],
		['/cut', { 'expect-json': 'status=ok' }, /^the body is no JSON: \{"status": "ok"$/],
		['/list', { 'expect-json': 'status=ok' }, /^the body has no status: /],
		['/list', { 'expect-json': '[0].status=ok' }, /^the body has no \[0\]\.status/],
		['/list', { 'expect-json': '[1].status.db=up' }, /^\[1\]\.status\.db is null, not up$/],
		['/garbage', {}, /got no answer: /],
	])('%s %j fails with what it is', async (path, inputs, reason) => {
		const run = await verify({
			kubeconfig: '',
			url: url + path,
			'check-timeout': '1s',
			attempts: '1',
			...inputs,
		});
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run)).toEqual([expect.stringMatching(reason)]);
	});

	test('is what was expected', async () => {
		for (const inputs of [
			{ url: `${url}/moved`, 'expect-status': '302' },
			{ url: `${url}/list`, 'expect-json': '[1].status={"db":null}\n[0]=null' },
		] as Values[]) {
			const run = await verify({ kubeconfig: '', attempts: '1', ...inputs });
			expect(run.exitCode, log(run)).toBe(0);
		}
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
	])('%s', async (_what, inputs, message) => {
		const run = await verify(inputs);
		expect(run.exitCode, log(run)).toBe(2);
		expect(log(run)).toMatch(message);
		expect(cluster.requests).toEqual([]);
	});
});

test('a dry run tells what would be checked, and checks nothing', async () => {
	const run = await verify({
		workload: 'Deployment/web',
		command: 'touch done',
		'dry-run': 'true',
	});
	expect(run.exitCode, log(run)).toBe(0);
	expect(log(run)).toContain('Would check: touch done');
	expect(cluster.requests).toEqual([]);
});
