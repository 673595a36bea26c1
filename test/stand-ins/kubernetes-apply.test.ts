import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, apply, call, pathOf } from './kubernetes/call.ts';
import { type Cluster, type ClusterOptions, startCluster } from './kubernetes/cluster.ts';
import { configMap, deployment } from './kubernetes/manifests.ts';
import { at, type JsonObject } from './kubernetes/objects.ts';

const started: Cluster[] = [];

async function start(options?: ClusterOptions): Promise<Cluster> {
	const cluster = await startCluster({ tls: false, ...options });
	started.push(cluster);
	return cluster;
}

afterEach(async () => {
	await Promise.all(started.splice(0).map((cluster) => cluster.close()));
});

function version({ body }: Answer): unknown {
	return at(body, 'metadata', 'resourceVersion');
}

describe('server-side apply', () => {
	it('creates, and leaves an object alone that would not change', async () => {
		const cluster = await start();
		const first = await apply(cluster, configMap('app', { a: '1' }));
		const again = await apply(cluster, configMap('app', { a: '1' }));
		expect([first.status, again.status]).toEqual([201, 200]);
		expect(version(again)).toBe(version(first));
	});

	it('leaves a Deployment alone whose defaults the server has filled in', async () => {
		const cluster = await start();
		const manifest = deployment('acme/app:v1');
		await apply(cluster, manifest);
		await cluster.until(
			() => at(cluster.get('Deployment', 'default', 'web'), 'status', 'readyReplicas') === 2,
		);
		const before = cluster.get('Deployment', 'default', 'web');
		const again = await apply(cluster, manifest);
		expect(version(again)).toBe(before?.metadata.resourceVersion);
		expect(at(again.body, 'metadata', 'generation')).toBe(1);
	});

	it('names field and manager in a conflict, and takes the field over when forced', async () => {
		const cluster = await start();
		await apply(cluster, configMap('app', { a: '1', b: '1' }), '&fieldManager=other');
		const refused = await apply(cluster, configMap('app', { a: '2' }));
		expect(refused.status).toBe(409);
		expect(refused.body).toMatchObject({
			reason: 'Conflict',
			message: 'Apply failed with 1 conflict: conflict with "other": .data.a',
			details: {
				causes: [
					{ reason: 'FieldManagerConflict', message: 'conflict with "other"', field: '.data.a' },
				],
			},
		});
		const forced = await apply(cluster, configMap('app', { a: '2' }), '&force=true');
		expect(forced.body.data).toEqual({ a: '2', b: '1' });
		const owners = at(forced.body, 'metadata', 'managedFields') as JsonObject[];
		expect(owners.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
			['lockstep', { 'f:data': { 'f:a': {} } }],
			['other', { 'f:data': { 'f:b': {} } }],
		]);
	});

	it('names all fields of a conflict with an ordinary update, and the version it used', async () => {
		const cluster = await start();
		await apply(cluster, deployment('acme/app:v1'));
		const type = 'application/strategic-merge-patch+json';
		const containers = [{ name: 'web', image: 'acme/app:v2' }];
		const edit = { spec: { replicas: 5, template: { spec: { containers } } } };
		const path = `${pathOf(deployment(''))}?fieldManager=kubectl-edit`;
		await call(cluster, path, { method: 'PATCH', body: edit, type });
		const { message } = (await apply(cluster, deployment('acme/app:v3'))).body;
		expect(message).toBe(
			[
				'Apply failed with 2 conflicts: conflicts with "kubectl-edit" using apps/v1:',
				'- .spec.replicas',
				'- .spec.template.spec.containers[name="web"].image',
			].join('\n'),
		);
	});

	it('shares a field whose value is the same, and keeps it while one owner is left', async () => {
		const cluster = await start();
		await apply(cluster, configMap('app', { a: '1' }), '&fieldManager=other');
		expect((await apply(cluster, configMap('app', { a: '1', b: '1' }))).status).toBe(200);
		const left = await apply(cluster, configMap('app', {}));
		expect(left.body.data).toEqual({ a: '1' });
	});

	it('takes out what the manager no longer sets, with what the server had filled in below it', async () => {
		const cluster = await start();
		const withProbe = deployment('acme/app:v1');
		const container = at(withProbe, 'spec', 'template', 'spec', 'containers') as JsonObject[];
		container[0] = {
			...container[0],
			readinessProbe: { httpGet: { port: 80 } },
			env: [
				{ name: 'A', value: '1' },
				{ name: 'B', value: '2' },
			],
		};
		const first = await apply(cluster, withProbe);
		const containerOf = ({ body }: Answer) =>
			(at(body, 'spec', 'template', 'spec', 'containers') as JsonObject[])[0] ?? {};
		expect(containerOf(first).readinessProbe).toMatchObject({ periodSeconds: 10 });
		container[0] = { ...container[0], env: [{ name: 'B', value: '2' }] };
		delete container[0].readinessProbe;
		const next = containerOf(await apply(cluster, withProbe));
		expect(next.readinessProbe).toBeUndefined();
		expect(next.env).toEqual([{ name: 'B', value: '2' }]);
		expect(next.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
	});

	it('tells list items apart by their keys, the protocol being TCP where none is given', async () => {
		const cluster = await start();
		const service = (...ports: JsonObject[]): JsonObject => ({
			apiVersion: 'v1',
			kind: 'Service',
			metadata: { name: 'web' },
			spec: { selector: { app: 'web' }, ports },
		});
		await apply(
			cluster,
			service({ name: 'http', port: 80 }, { name: 'dns', port: 53, protocol: 'UDP' }),
		);
		const next = await apply(cluster, service({ name: 'http', port: 80, targetPort: 8080 }));
		expect(at(next.body, 'spec', 'ports')).toEqual([
			{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 },
		]);
	});

	it('in a dry run answers as it would, and writes nothing', async () => {
		const cluster = await start();
		const tried = await apply(cluster, deployment('acme/app:v1'), '&dryRun=All');
		expect(tried.status).toBe(201);
		expect(at(tried.body, 'spec', 'progressDeadlineSeconds')).toBe(600);
		expect(cluster.list('Deployment')).toEqual([]);
		await apply(cluster, configMap('app', { a: '1' }), '&fieldManager=other');
		expect((await apply(cluster, configMap('app', { a: '2' }), '&dryRun=All')).status).toBe(409);
	});

	it('needs a field manager and the version of the path', async () => {
		const cluster = await start();
		const nobody = await apply(cluster, configMap('app', {}), '&fieldManager=');
		expect(nobody.body.message).toBe(
			'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
		);
		const old = { ...deployment('acme/app:v1'), apiVersion: 'apps/v1beta1' };
		expect((await apply(cluster, old)).body.message).toBe(
			'invalid object type: apps/v1beta1, Kind=Deployment',
		);
	});
});
