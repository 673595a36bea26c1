import { describe, expect, test, vi } from 'vitest';
import { readPath } from '../../shared/kubernetes/object.ts';
import { ClusterDeploy, log, service, template } from './cluster-deploy.ts';

const cluster = new ClusterDeploy();

describe.concurrent('every kind is waited for by its own rule', () => {
	test('a Pod, a ReplicaSet, a CronJob, a StatefulSet with a partition, a claim that has a volume', async () => {
		const namespace = await cluster.newNamespace();
		const volume = `volume-${namespace}`;
		const set = `
apiVersion: v1
kind: PersistentVolume
metadata: {name: ${volume}}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /tmp/${volume}}, storageClassName: ""}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: "", volumeName: ${volume}, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: one, image: "acme/one:1"}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: some}
spec: {replicas: 2, selector: {matchLabels: {app: some}}, ${template('some', 'acme/some:1')}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: nightly, image: "acme/nightly:1"}]}}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {replicas: 2, serviceName: db, updateStrategy: {rollingUpdate: {partition: 1}}, selector: {matchLabels: {app: db}}, ${template('db', 'acme/db:1')}}
`;
		const run = await cluster.deploy(namespace, set);
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		expect(log(run)).toMatch(/PersistentVolumeClaim\/data: Bound/);
		const next = await cluster.deploy(namespace, set.replace('acme/db:1', 'acme/db:2'));
		expect(next, log(next)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		const pod = (name: string) =>
			cluster.client.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
		expect(readPath((await pod('db-0')).spec, ['containers', 0, 'image'])).toBe('acme/db:1');
		expect(readPath((await pod('db-1')).spec, ['containers', 0, 'image'])).toBe('acme/db:2');
		await cluster.client.delete(`/api/v1/persistentvolumes/${volume}`);
	});

	test('a load balancer, until it has an address', async () => {
		const namespace = await cluster.newNamespace();
		const balanced = service.replace('{selector', '{type: LoadBalancer, selector');
		const running = cluster.deploy(namespace, balanced);
		const path = `/api/v1/namespaces/${namespace}/services/web`;
		await vi.waitFor(async () => expect(await cluster.client.find(path)).toBeDefined(), 10_000);
		const value = { ingress: [{ ip: '192.0.2.7' }] };
		await cluster.client.patch(`${path}/status`, [
			{ op: 'add', path: '/status/loadBalancer', value },
		]);
		const run = await running;
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toContain('Service/web: its address is 192.0.2.7');
	});

	test('a custom resource, by its conditions', async () => {
		const namespace = await cluster.newNamespace();
		const group = `${namespace}.example.com`;
		const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;
		await cluster.deploy(namespace, definition);
		const path = `/apis/${group}/v1/namespaces/${namespace}/widgets/w`;
		const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' } };
		const conditions = (status: string) => [{ type: 'Ready', status, message: 'it warms up' }];
		await cluster.client.apply(path, widget, { fieldManager: 'controller' });
		const tell = async (status: string) => {
			const value = { conditions: conditions(status) };
			await cluster.client.patch(`${path}/status`, [{ op: 'add', path: '/status', value }]);
		};
		await tell('False');
		const running = cluster.deploy(
			namespace,
			`apiVersion: ${group}/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n`,
		);
		const isApplied = async () =>
			expect((await cluster.client.get(path)).spec).toEqual({ size: 1 });
		await vi.waitFor(isApplied, { timeout: 20_000, interval: 200 });
		await new Promise((resolve) => setTimeout(resolve, 1000));
		await tell('True');
		const run = await running;
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toContain('Widget/w: not ready: it warms up');
		await cluster.client.delete(
			`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`,
		);
	});

	test('a claim that is bound when a pod uses it, one that never is, and one whose volume is lost', async () => {
		const namespace = await cluster.newNamespace();
		const classes = '/apis/storage.k8s.io/v1/storageclasses';
		await cluster.client.create(classes, {
			metadata: { name: namespace },
			provisioner: 'kubernetes.io/no-provisioner',
			volumeBindingMode: 'WaitForFirstConsumer',
		});
		const claim = (more: string) =>
			`apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, ${more}}\n`;
		const onUse = await cluster.deploy(namespace, claim(`storageClassName: ${namespace}`));
		expect(onUse, log(onUse)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		await cluster.client.delete(`${classes}/${namespace}`);

		const never = await cluster.deploy(
			namespace,
			claim('storageClassName: gone').replace('name: data', 'name: b'),
			{
				timeout: '6s',
			},
		);
		expect(never.exitCode, log(never)).toBe(3);
		expect(never.outputs.reason).toMatch(
			/PersistentVolumeClaim\/b: not ready within \d s: Pending; the cluster says: .*"gone" not found/,
		);

		const other = await cluster.newNamespace();
		const volumes = '/api/v1/persistentvolumes';
		await cluster.client.create(volumes, {
			metadata: { name: other },
			spec: {
				capacity: { storage: '1Gi' },
				accessModes: ['ReadWriteOnce'],
				hostPath: { path: '/nonexistent' },
				storageClassName: '',
			},
		});
		const bound = claim(`storageClassName: "", volumeName: ${other}`);
		const run = await cluster.deploy(other, bound);
		expect(run.exitCode, log(run)).toBe(0);
		await cluster.client.delete(`${volumes}/${other}`);
		await cluster.client.patch(`${volumes}/${other}`, [
			{ op: 'replace', path: '/metadata/finalizers', value: [] },
		]);
		const lost = await cluster.deploy(other, bound);
		expect(lost.exitCode, log(lost)).toBe(1);
		expect(lost.outputs.reason).toContain('PersistentVolumeClaim/data: its volume is lost');
	});

	test('a StatefulSet and a DaemonSet that are updated by hand', async () => {
		const namespace = await cluster.newNamespace();
		const set = (image: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {replicas: 1, serviceName: db, updateStrategy: {type: OnDelete}, selector: {matchLabels: {app: db}}, ${template('db', image)}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {updateStrategy: {type: OnDelete}, selector: {matchLabels: {app: agent}}, ${template('agent', image)}}
`;
		await cluster.deploy(namespace, set('acme/db:1'));
		const run = await cluster.deploy(namespace, set('acme/db:2'));
		expect(run, log(run)).toMatchObject({ exitCode: 0, outputs: { status: 'deployed' } });
		const pods = await cluster.client.list(`/api/v1/namespaces/${namespace}/pods`);
		const images = pods.items.map(({ spec }) => readPath(spec, ['containers', 0, 'image']));
		expect(images).toEqual(['acme/db:1', 'acme/db:1']);
	});

	test('a DaemonSet, of which a node that is cordoned does not count', async () => {
		const namespace = await cluster.newNamespace();
		const key = `${namespace}.example.com`;
		await cluster.client.create('/api/v1/nodes', {
			metadata: { name: namespace },
			// Keeps the DaemonSets of other tests away.
			spec: { unschedulable: true, taints: [{ key, effect: 'NoSchedule' }] },
		});
		const tolerations = `tolerations: [{key: ${key}, operator: Exists}], `;
		const run = await cluster.deploy(
			namespace,
			`apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {selector: {matchLabels: {app: agent}}, ${template('agent', 'acme/agent:1', '', tolerations)}}
`,
		);
		await cluster.client.delete(`/api/v1/nodes/${namespace}`);
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toMatch(/DaemonSet\/agent: 2 of 2 updated, 1 ready, 1 available; 1 on nodes/);
	});

	test('a definition whose names another has', async () => {
		const namespace = await cluster.newNamespace();
		const group = `${namespace}.example.com`;
		const definition = (plural: string) => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: ${plural}, kind: Widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;
		await cluster.deploy(namespace, definition('widgets'));
		const run = await cluster.deploy(namespace, definition('gadgets'));
		for (const plural of ['widgets', 'gadgets'])
			await cluster.client.delete(
				`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`,
			);
		expect(run.exitCode, log(run)).toBe(1);
		expect(run.outputs.reason).toMatch(
			/CustomResourceDefinition\/gadgets\S+: its names are not accepted: .*already in use/,
		);
	});

	test('a Job that is suspended, and one that runs', async () => {
		const namespace = await cluster.newNamespace();
		const job = (name: string, spec: string) =>
			`apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${name}}\nspec: {${spec}template: {spec: {restartPolicy: Never, containers: [{name: c, image: "acme/c:1"}]}}}\n---\n`;
		const run = await cluster.deploy(namespace, job('later', 'suspend: true, ') + job('now', ''));
		expect(run.exitCode, log(run)).toBe(0);
		expect(log(run)).toMatch(/Job\/later: it is suspended/);
		expect(log(run)).toMatch(/Job\/now: 1 of 1 succeeded/);
	});
});
