import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { pushImage } from '../stand-ins/registry/push-image.ts';
import { startRegistry } from '../stand-ins/registry/registry.ts';
import { ClusterDeploy, deployment, log, service } from './cluster-deploy.ts';

const cluster = new ClusterDeploy();
const patience = { attempts: '5', interval: '0.5s' };

test('what rolling-deploy brought runs its digest, and answers through the API server', async () => {
	const registry = await startRegistry();
	const digest = await pushImage(registry, 'acme/web:1', { platforms: ['linux/amd64'] });
	const image = `${registry.host}/acme/web@${digest}`;
	const namespace = await cluster.newNamespace();
	const workspace = await cluster.newWorkspace();
	const deployed = await cluster.deploy(namespace, deployment(image) + service, {}, workspace);
	expect(deployed.exitCode, log(deployed)).toBe(0);
	const verify = (inputs: Record<string, string>) =>
		cluster.run('verify-deployment', workspace, { namespace, ...patience, ...inputs });

	const run = await verify({
		url: 'service://web:http/healthz?full=1',
		'expect-body': `${image} /healthz?full=1`,
	});
	expect(run.exitCode, log(run)).toBe(0);
	expect(run.outputs).toMatchObject({ verified: 'true', 'image-ids': JSON.stringify([image]) });

	const moved = await pushImage(registry, 'acme/web:2');
	const other = await verify({ workload: 'Deployment/web', image: `${registry.host}/acme/web:2` });
	expect(other.exitCode, log(other)).toBe(1);
	expect(other.outputs.failures).toContain(
		`runs ${digest}, and ${registry.host}/acme/web:2 is ${moved}`,
	);
	await registry.close();
});

test('a Service without pods, and one whose pods answer otherwise, are told', async () => {
	const namespace = await cluster.newNamespace();
	const workspace = await cluster.newWorkspace();
	const verify = (url: string) =>
		cluster.run('verify-deployment', workspace, {
			namespace,
			url,
			attempts: '2',
			interval: '0.2s',
		});
	await cluster.deploy(namespace, service);
	const empty = await verify('service://web:80/');
	expect(empty.exitCode).toBe(1);
	expect(empty.outputs.failures).toContain('no endpoints available for service');
	const broken = deployment('acme/web:1').replace(
		'labels:',
		'annotations: {fake/http-status: "500"}, labels:',
	);
	await cluster.deploy(namespace, broken);
	const answered = await verify('service://web:80/');
	expect(answered.exitCode).toBe(1);
	expect(answered.outputs.failures).toMatch(/the status is 500, not 2xx: web-\S+ acme\/web:1 \//);
});

test('an image by its tag is not verified where the node tells another digest than the registry', async () => {
	const registry = await startRegistry();
	const digest = await pushImage(registry, 'acme/web:1');
	const namespace = await cluster.newNamespace();
	const workspace = await cluster.newWorkspace();
	const image = `${registry.host}/acme/web:1`;
	await cluster.deploy(namespace, deployment(image), {}, workspace);
	// The fake node tells the digest of the reference, as if another image had had the tag.
	const told = createHash('sha256').update(image).digest('hex');
	const run = await cluster.run('verify-deployment', workspace, { namespace, attempts: '1' });
	expect(run.exitCode, log(run)).toBe(1);
	expect(run.outputs.failures).toContain(`runs sha256:${told}, and ${image} is ${digest}`);
	await registry.close();
});

test('a forwarded port takes connections, and stands in for a proxy that is not allowed', async () => {
	const namespace = await cluster.newNamespace();
	const workspace = await cluster.newWorkspace();
	const set = (port: number) =>
		`${deployment('acme/web:1', ', ports: [{name: http, containerPort: 8080}]')}
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: ${port}}]}
`;
	const deployed = await cluster.deploy(namespace, set(8080));
	expect(deployed.exitCode, log(deployed)).toBe(0);
	const verify = (url: string, inputs: Record<string, string> = {}) =>
		cluster.run('verify-deployment', workspace, {
			namespace,
			url,
			attempts: '2',
			interval: '0.2s',
			...inputs,
		});
	const taken = await verify('tcp+service://web:http');
	expect(taken.exitCode, log(taken)).toBe(0);

	const token = await cluster.tokenOf(namespace, 'forwarder');
	const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
	await cluster.client.create(`${rbac}/roles`, {
		metadata: { name: 'forward' },
		rules: [
			{ apiGroups: [''], resources: ['services', 'pods'], verbs: ['get', 'list'] },
			{ apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] },
		],
	});
	await cluster.client.create(`${rbac}/rolebindings`, {
		metadata: { name: 'forward' },
		roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'forward' },
		subjects: [{ kind: 'ServiceAccount', name: 'forwarder', namespace }],
	});
	const forwarded = await verify('service://web:80/ready', {
		...cluster.accessWith(token),
		'expect-body': 'acme/web:1 /ready',
	});
	expect(forwarded.exitCode, log(forwarded)).toBe(0);

	await cluster.deploy(namespace, set(81));
	const shut = await verify('tcp+service://web:http');
	expect(shut.exitCode, log(shut)).toBe(1);
	expect(shut.outputs.failures).toMatch(/port 81: .*connection refused/);
});
