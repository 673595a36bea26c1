import { afterEach, describe, expect, it } from 'vitest';
import { apply, call, pathOf } from './kubernetes/call.ts';
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

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

describe('discovery', () => {
	it('lists versions, groups and resources, plain and aggregated', async () => {
		const cluster = await start();
		expect((await call(cluster, '/version')).body.gitVersion).toBe('v1.35.4');
		const groups = (await call(cluster, '/apis')).body.groups as JsonObject[];
		expect(groups.map(({ name }) => name)).toContain('apps');
		const list = (await call(cluster, '/apis/apps/v1')).body.resources as JsonObject[];
		expect(list.map(({ name }) => name)).toContain('deployments/scale');
		const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
		const aggregated = await call(cluster, '/apis', { accept });
		expect(aggregated.headers['content-type']).toBe(accept);
		expect(aggregated.body.kind).toBe('APIGroupDiscoveryList');
	});

	it('knows no version that is no longer served', async () => {
		const cluster = await start();
		expect((await call(cluster, '/apis/apps/v1beta1')).status).toBe(404);
		const path = '/apis/extensions/v1beta1/namespaces/default/ingresses/web';
		expect((await call(cluster, path)).text).toBe('404 page not found\n');
	});

	it('serves a custom resource once its definition is established', async () => {
		const cluster = await start();
		const definition = {
			apiVersion: 'apiextensions.k8s.io/v1',
			kind: 'CustomResourceDefinition',
			metadata: { name: 'widgets.example.com' },
			spec: {
				group: 'example.com',
				scope: 'Namespaced',
				names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
				versions: [
					{
						name: 'v1',
						served: true,
						storage: true,
						schema: {
							openAPIV3Schema: {
								type: 'object',
								properties: {
									spec: { type: 'object', properties: { size: { type: 'integer' } } },
								},
							},
						},
					},
				],
			},
		};
		const path = '/apis/example.com/v1/namespaces/default/widgets/one';
		expect((await call(cluster, path)).status).toBe(404);
		expect((await apply(cluster, definition)).status).toBe(201);
		await cluster.until(() => {
			const stored = cluster.get(definition.kind, undefined, definition.metadata.name);
			const conditions = at(stored, 'status', 'conditions');
			return (
				Array.isArray(conditions) && conditions.some((one) => at(one, 'type') === 'Established')
			);
		});
		const widget = (spec: JsonObject) =>
			call(cluster, `${path}?fieldManager=lockstep`, {
				method: 'PATCH',
				type: 'application/apply-patch+yaml',
				body: {
					apiVersion: 'example.com/v1',
					kind: 'Widget',
					metadata: { name: 'one' },
					spec,
				},
			});
		expect((await widget({ size: 3 })).status).toBe(201);
		expect((await widget({ sise: 3 })).body.message).toBe(
			'failed to create typed patch object (/one; example.com/v1, Kind=Widget): .spec.sise: field not declared in schema',
		);
	});
});

describe('what an object may hold', () => {
	const typo = () => {
		const manifest = deployment('acme/app:v1');
		const containers = at(manifest, 'spec', 'template', 'spec', 'containers') as JsonObject[];
		containers[0] = { ...containers[0], imagePulPolicy: 'Always' };
		return manifest;
	};

	it('is checked field by field when it is created', async () => {
		const cluster = await start();
		const create = (mode: string) =>
			call(cluster, `${deployments}?fieldValidation=${mode}`, {
				method: 'POST',
				body: typo(),
			});
		const refused = await create('Strict');
		expect([refused.status, refused.body.message]).toEqual([
			400,
			'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].imagePulPolicy"',
		]);
		const warned = await create('Warn');
		expect(warned.status).toBe(201);
		expect(warned.headers.warning).toBe(
			'299 - "unknown field \\"spec.template.spec.containers[0].imagePulPolicy\\""',
		);
		expect(JSON.stringify(warned.body)).not.toContain('imagePulPolicy');
	});

	it('is checked field by field when it is applied', async () => {
		const cluster = await start();
		const refused = await apply(cluster, typo());
		expect([refused.status, refused.body.message]).toEqual([
			500,
			'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].imagePulPolicy: field not declared in schema',
		]);
		const wrong = await apply(cluster, deployment('acme/app:v1', { replicas: 'two' }));
		expect(wrong.body.message).toContain(
			'.spec.replicas: expected numeric (int or float), got string',
		);
	});

	it('follows the rules of its kind', async () => {
		const cluster = await start();
		await apply(cluster, deployment('acme/app:v1'));
		const moved = deployment('acme/app:v1', { selector: { matchLabels: { app: 'other' } } });
		const refused = await apply(cluster, moved);
		expect(refused.status).toBe(422);
		expect(refused.body).toMatchObject({
			reason: 'Invalid',
			details: {
				causes: [
					{
						reason: 'FieldValueInvalid',
						message: 'Invalid value: {"app":"web"}: `selector` does not match template `labels`',
						field: 'spec.template.metadata.labels',
					},
					{
						reason: 'FieldValueInvalid',
						message: 'Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
						field: 'spec.selector',
					},
				],
			},
		});
	});

	it('needs a namespace that is there', async () => {
		const cluster = await start();
		const path = '/api/v1/namespaces/nowhere/configmaps/app?fieldManager=lockstep&dryRun=All';
		const type = 'application/apply-patch+yaml';
		const refused = await call(cluster, path, {
			method: 'PATCH',
			body: configMap('app', {}),
			type,
		});
		expect([refused.status, refused.body.message]).toEqual([404, 'namespaces "nowhere" not found']);
	});
});

describe('reading and changing', () => {
	it('selects by labels and fields, and pages', async () => {
		const cluster = await start();
		for (const name of ['a', 'b', 'c']) {
			const labels = { tier: name === 'c' ? 'back' : 'front' };
			cluster.create('ConfigMap', { metadata: { name, namespace: 'default', labels } });
		}
		const names = async (query: string) => {
			const { body } = await call(cluster, `${configMaps}?${query}`);
			return (body.items as JsonObject[]).map((item) => at(item, 'metadata', 'name'));
		};
		expect(await names('labelSelector=tier%3Dfront')).toEqual(['a', 'b']);
		expect(await names('labelSelector=tier+notin+(front)')).toEqual(['c']);
		expect(await names('fieldSelector=metadata.name%3Db')).toEqual(['b']);
		const page = await call(cluster, `${configMaps}?limit=2`);
		const next = at(page.body, 'metadata', 'continue');
		expect(await names(`limit=2&continue=${String(next)}`)).toEqual(['c']);
	});

	it('refuses an update of an older version', async () => {
		const cluster = await start();
		const first = await apply(cluster, configMap('app', { a: '1' }));
		await apply(cluster, configMap('app', { a: '2' }));
		const stale = await call(cluster, `${configMaps}/app`, {
			method: 'PUT',
			body: first.body,
		});
		expect([stale.status, stale.body.message]).toEqual([
			409,
			'Operation cannot be fulfilled on configmaps "app": the object has been modified; please apply your changes to the latest version and try again',
		]);
	});

	it('patches by JSON patch, merge patch and strategic merge patch', async () => {
		const cluster = await start();
		await apply(cluster, deployment('acme/app:v1'));
		const patch = async (type: string, body: JsonObject | JsonObject[]) =>
			(await call(cluster, pathOf(deployment('')), { method: 'PATCH', body, type })).body;
		const path = '/spec/template/spec/containers/0/image';
		const byPointer = await patch('application/json-patch+json', [
			{ op: 'test', path, value: 'acme/app:v1' },
			{ op: 'replace', path, value: 'acme/app:v2' },
		]);
		expect(JSON.stringify(byPointer)).toContain('acme/app:v2');
		const merged = await patch('application/merge-patch+json', {
			metadata: { labels: { app: null } },
		});
		expect(at(merged, 'metadata', 'labels')).toBeUndefined();
		const containers = [{ name: 'web', image: 'acme/app:v3' }];
		const strategic = await patch('application/strategic-merge-patch+json', {
			spec: { template: { spec: { containers } } },
		});
		expect(at(strategic, 'spec', 'template', 'spec', 'containers')).toMatchObject([
			{ name: 'web', image: 'acme/app:v3', ports: [{ containerPort: 80 }] },
		]);
	});

	it('scales through the subresource, whose manager then owns the replicas', async () => {
		const cluster = await start();
		await apply(cluster, deployment('acme/app:v1'));
		const scale = `${pathOf(deployment(''))}/scale`;
		const now = (await call(cluster, scale)).body;
		await call(cluster, `${scale}?fieldManager=autoscaler`, {
			method: 'PUT',
			body: { ...now, spec: { replicas: 4 } },
		});
		expect((await call(cluster, scale)).body).toMatchObject({
			kind: 'Scale',
			spec: { replicas: 4 },
		});
		expect((await apply(cluster, deployment('acme/app:v1'))).body.message).toContain(
			'conflict with "autoscaler" with subresource "scale" using apps/v1',
		);
	});

	it('answers with a table when kubectl asks for one', async () => {
		const cluster = await start();
		await apply(cluster, configMap('app', { a: '1' }));
		const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
		const { body } = await call(cluster, configMaps, { accept });
		expect(body.kind).toBe('Table');
		expect(at((body.rows as JsonObject[])[0], 'cells')).toEqual(['app', 1, expect.any(String)]);
	});

	it('deletes what an owner leaves behind', async () => {
		const cluster = await start();
		await apply(cluster, deployment('acme/app:v1'));
		await cluster.until(() => cluster.list('Pod').length === 2);
		await call(cluster, pathOf(deployment('')), { method: 'DELETE' });
		await cluster.until(
			() => cluster.list('ReplicaSet').length === 0 && cluster.list('Pod').length === 0,
		);
		expect(cluster.list('Deployment')).toEqual([]);
	});
});

describe('a watch', () => {
	it('tells what happened since a revision, and ends at its timeout', async () => {
		const cluster = await start();
		const list = await call(cluster, configMaps);
		await apply(cluster, configMap('app', { a: '1' }));
		await apply(cluster, configMap('app', { a: '2' }));
		await call(cluster, `${configMaps}/app`, { method: 'DELETE' });
		const from = String(at(list.body, 'metadata', 'resourceVersion'));
		const watch = `${configMaps}?watch=1&resourceVersion=${from}&timeoutSeconds=1`;
		const { text } = await call(cluster, watch);
		const events = text
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line) as JsonObject);
		expect(events.map(({ type, object }) => [type, at(object, 'data', 'a')])).toEqual([
			['ADDED', '1'],
			['MODIFIED', '2'],
			['DELETED', '2'],
		]);
	});

	it('begins with what is there, and marks where that ends when asked', async () => {
		const cluster = await start();
		await apply(cluster, configMap('app', {}));
		const query =
			'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
		const { text } = await call(cluster, `${configMaps}?${query}`);
		const types = text
			.trim()
			.split('\n')
			.map((line) => (JSON.parse(line) as JsonObject).type);
		expect(types.slice(0, 2)).toEqual(['ADDED', 'BOOKMARK']);
		expect(text).toContain('"k8s.io/initial-events-end":"true"');
	});

	it('from a revision that is no longer known ends with 410', async () => {
		const cluster = await start();
		await apply(cluster, configMap('app', {}));
		cluster.compact();
		await apply(cluster, configMap('app', { a: '1' }));
		const { status, text } = await call(cluster, `${configMaps}?watch=1&resourceVersion=2`);
		const event = JSON.parse(text) as JsonObject;
		expect([status, event.type]).toEqual([200, 'ERROR']);
		expect(event.object).toMatchObject({ code: 410, reason: 'Expired' });
		expect(at(event.object, 'message')).toMatch(/^too old resource version: 2 \(\d+\)$/);
	});

	it('can be cut in the middle', async () => {
		const cluster = await start();
		cluster.fault = ({ query }) => (query.watch ? { kind: 'cut', afterMs: 20 } : undefined);
		await expect(call(cluster, `${configMaps}?watch=1`)).rejects.toThrow();
	});
});

describe('access', () => {
	it('is refused without a token that is known', async () => {
		const cluster = await start();
		const refused = await call(cluster, '/api/v1/namespaces/default/pods', { token: 'unknown' });
		expect([refused.status, refused.body.message]).toEqual([401, 'Unauthorized']);
	});

	it('is limited to the rights of the token, and says so when asked', async () => {
		const cluster = await start();
		cluster.allow('reader', 'system:serviceaccount:ci:reader', [
			{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'], namespaces: ['default'] },
		]);
		const token = 'reader';
		const refused = await apply(cluster, deployment('acme/app:v1'), '', { token });
		expect([refused.status, refused.body.message]).toEqual([
			403,
			'deployments.apps "web" is forbidden: User "system:serviceaccount:ci:reader" cannot patch resource "deployments" in API group "apps" in the namespace "default"',
		]);
		const review = async (verb: string) => {
			const resourceAttributes = {
				verb,
				group: 'apps',
				resource: 'deployments',
				namespace: 'default',
			};
			const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
			const kind = 'SelfSubjectAccessReview';
			const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes } };
			return at(
				(await call(cluster, path, { method: 'POST', body, token })).body,
				'status',
				'allowed',
			);
		};
		expect([await review('get'), await review('patch')]).toEqual([true, false]);
	});

	it('works over TLS with the authority of the kubeconfig', async () => {
		const cluster = await start({ tls: true });
		const config = JSON.parse(cluster.kubeconfig()) as JsonObject;
		expect(JSON.stringify(config)).toContain(Buffer.from(cluster.ca).toString('base64'));
		expect((await call(cluster, '/version')).status).toBe(200);
	});
});

it('records each request and fails those that it is told to', async () => {
	const cluster = await start();
	cluster.fault = ({ method }) =>
		method === 'PATCH' ? { kind: 'status', status: 429, retryAfterSeconds: 1 } : undefined;
	const refused = await apply(cluster, configMap('app', { a: '1' }));
	expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
	cluster.fault = () => ({ kind: 'reset' });
	await expect(call(cluster, '/version')).rejects.toThrow();
	expect(cluster.requests).toMatchObject([
		{
			method: 'PATCH',
			path: '/api/v1/namespaces/default/configmaps/app',
			query: { fieldManager: 'lockstep' },
			contentType: 'application/apply-patch+yaml',
			token: 'admin-token',
			status: 429,
		},
		{ method: 'GET', path: '/version', status: 0 },
	]);
});
