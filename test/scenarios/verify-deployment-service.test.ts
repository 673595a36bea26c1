import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pushImage } from '../stand-ins/registry/push-image.ts';
import type { Values } from './fronts.ts';
import { deployment, log, service } from './rolling-deploy-run.ts';
import { failures, Stage } from './verify-deployment-run.ts';

let stage: Stage;
beforeEach(async () => {
	stage = await Stage.start();
});
afterEach(() => stage.close());

describe('a Service behind the API server', () => {
	beforeEach(async () => {
		await pushImage(stage.registry, 'acme/web:1');
		await stage.rollOut(deployment(stage.image('1')) + service);
	});

	test.each<[string, Values]>([
		['a status', { url: 'service://web:80/down', 'expect-status': '503' }],
		['a class of them', { url: 'service://web/down', 'expect-status': '2xx, 5xx' }],
		['a text in the body', { url: 'service://web.default:80', 'expect-body': 'version 1' }],
		['a regular expression', { url: 'service://web:80/', 'expect-body': '/version \\d\\.\\d$/' }],
		['one in any case', { url: 'service://web:80/', 'expect-body': '/^WELCOME/i' }],
		[
			'values in JSON',
			{
				url: 'service://web:80/healthz?full=1',
				'expect-json': 'status=ok\nchecks[0].up=true\nchecks[name=db].up=true',
			},
		],
	])('answers with %s', async (_what, inputs) => {
		const run = await stage.verify(inputs);
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
			'no match in this case',
			{ url: 'service://web:80/', 'expect-body': '/^WELCOME/' },
			/body does not have \/\^WELCOME\/: Welcome/,
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
		const run = await stage.verify(inputs);
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run)).toEqual([expect.stringMatching(reason)]);
	});

	test('needs a right of its own, which is named', async () => {
		const read = { apiGroups: ['*'], verbs: ['get', 'list', 'watch'] };
		stage.cluster.allow('reader-token', 'reader', [
			{ ...read, resources: ['deployments', 'replicasets', 'pods'] },
		]);
		await writeFile(join(stage.workspace, 'reader'), stage.cluster.kubeconfig('reader-token'));
		const run = await stage.verify({ kubeconfig: 'reader', url: 'service://web:80/' });
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
		await pushImage(stage.registry, 'acme/web:1');
		const ports = '          ports: [{containerPort: 8080, name: http}]\n';
		await stage.rollOut(
			deployment(stage.image('1'), 'replicas: 1', ports) +
				serviceOf('web', 'selector: {app: web}, ports: [{port: 80, targetPort: http}]') +
				serviceOf('shut', 'selector: {app: web}, ports: [{port: 80, targetPort: 9}]') +
				serviceOf('astray', 'selector: {app: web}, ports: [{port: 80, targetPort: grpc}]') +
				serviceOf('elsewhere', 'ports: [{port: 80}]'),
		);
		stage.cluster.create('Service', {
			metadata: { name: 'alone', namespace: 'default' },
			spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] },
		});
		const needed = ['deployments', 'replicasets', 'services', 'pods'];
		stage.cluster.allow('forwarder-token', 'forwarder', rules(...needed, 'pods/portforward'));
		stage.cluster.allow('reader-token', 'reader', rules(...needed));
		for (const name of ['forwarder', 'reader'])
			await writeFile(join(stage.workspace, name), stage.cluster.kubeconfig(`${name}-token`));
	});

	const paths = () => stage.cluster.requests.map(({ path }) => path);

	test.each<[string, Values]>([
		['takes the place of a proxy that is not allowed', { url: 'service://web:80/' }],
		[
			'answers as the Service does',
			{ url: 'service://web/healthz?full=1', 'expect-json': 'status=ok' },
		],
		['takes connections', { url: 'tcp+service://web.default:80' }],
	])('%s', async (_what, inputs) => {
		const run = await stage.verify({ kubeconfig: 'forwarder', ...inputs });
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
		const run = await stage.verify({ kubeconfig: 'forwarder', ...inputs });
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run).at(-1)).toMatch(reason);
	});

	test.each([
		['tcp+service://web:80', 'pods/portforward'],
		// Of the two rights that would do, the first.
		['service://web:80/', 'services/proxy'],
	])('needs a right of its own, which is named: %s', async (url, right) => {
		const run = await stage.verify({ kubeconfig: 'reader', url });
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run).at(-1)).toContain(`"reader" cannot get resource "${right}"`);
	});
});
