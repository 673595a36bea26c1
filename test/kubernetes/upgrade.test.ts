import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../shared/kubernetes/object.ts';
import { inOrder } from '../../shared/kubernetes/order.ts';
import { upgradeObject } from '../../shared/kubernetes/upgrade.ts';

const object = (apiVersion: string, kind: string, rest: object = {}): KubernetesObject => ({
	apiVersion,
	kind,
	metadata: { name: 'it' },
	...rest,
});

test('a Deployment that takes its selector from the template gets it written', () => {
	const given = object('extensions/v1beta1', 'Deployment', {
		spec: {
			rollbackTo: { revision: 1 },
			template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
		},
	});
	const before = structuredClone(given);
	const upgrade = upgradeObject(given);
	expect(upgrade?.object).toMatchObject({
		apiVersion: 'apps/v1',
		spec: { selector: { matchLabels: { app: 'web' } } },
	});
	expect(upgrade?.object.spec).not.toHaveProperty('rollbackTo');
	expect(upgrade?.changes).toEqual([
		'apiVersion: apps/v1 instead of extensions/v1beta1',
		"spec.selector: the template's labels",
		'spec.rollbackTo: taken away',
	]);
	expect(given).toEqual(before);
});

test('a selector that is there stays', () => {
	const spec = { selector: { matchLabels: { a: 'b' } } };
	expect(upgradeObject(object('apps/v1beta1', 'StatefulSet', { spec }))?.object.spec).toEqual(spec);
});

test.each([
	[80, { number: 80 }],
	['80', { number: 80 }],
	['http', { name: 'http' }],
])("an Ingress's servicePort %j becomes a port", (servicePort, port) => {
	const backend = { serviceName: 'web', servicePort };
	const given = object('networking.k8s.io/v1beta1', 'Ingress', {
		spec: { backend, rules: [{ http: { paths: [{ backend }, { pathType: 'Exact', backend }] } }] },
	});
	const service = { service: { name: 'web', port } };
	expect(upgradeObject(given)?.object).toMatchObject({
		apiVersion: 'networking.k8s.io/v1',
		spec: {
			defaultBackend: service,
			rules: [
				{
					http: {
						paths: [
							{ pathType: 'ImplementationSpecific', backend: service },
							{ pathType: 'Exact', backend: service },
						],
					},
				},
			],
		},
	});
});

test('the class of an Ingress moves from the annotation, others stay', () => {
	const annotations = { 'kubernetes.io/ingress.class': 'nginx', other: 'stays' };
	const given = object('extensions/v1beta1', 'Ingress', {
		metadata: { name: 'it', annotations },
		spec: {},
	});
	expect(upgradeObject(given)?.object).toMatchObject({
		metadata: { annotations: { other: 'stays' } },
		spec: { ingressClassName: 'nginx' },
	});
	expect(upgradeObject(given)?.object.metadata.annotations).toEqual({ other: 'stays' });
});

test.each([
	['policy/v1beta1', 'PodDisruptionBudget', 'policy/v1'],
	['batch/v1beta1', 'CronJob', 'batch/v1'],
	['rbac.authorization.k8s.io/v1beta1', 'Role', 'rbac.authorization.k8s.io/v1'],
	['autoscaling/v2beta2', 'HorizontalPodAutoscaler', 'autoscaling/v2'],
])('%s %s is the same in %s', (from, kind, to) => {
	expect(upgradeObject(object(from, kind))?.object.apiVersion).toBe(to);
});

test.each([
	['apps/v1', 'Deployment'],
	['extensions/v1beta1', 'PodSecurityPolicy'],
	['autoscaling/v2beta1', 'HorizontalPodAutoscaler'],
	['apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition'],
])('%s %s is not rewritten', (apiVersion, kind) => {
	expect(upgradeObject(object(apiVersion, kind))).toBeUndefined();
});

test('what others need comes first, webhooks last, custom kinds before them', () => {
	const set = [
		object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
		object('example.com/v1', 'Widget'),
		object('serving.knative.dev/v1', 'Service'),
		object('networking.k8s.io/v1', 'Ingress'),
		object('batch/v1', 'Job'),
		object('apps/v1', 'Deployment'),
		object('v1', 'Service'),
		object('rbac.authorization.k8s.io/v1', 'Role'),
		object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
		object('v1', 'PersistentVolumeClaim'),
		object('v1', 'Secret'),
		object('v1', 'ConfigMap'),
		object('v1', 'ServiceAccount'),
		object('policy/v1', 'PodDisruptionBudget'),
		object('networking.k8s.io/v1', 'NetworkPolicy'),
		object('v1', 'ResourceQuota'),
		object('v1', 'Namespace'),
	];
	expect(inOrder(set, (item) => item).map((group) => group.map(({ kind }) => kind))).toEqual([
		['Namespace'],
		['ResourceQuota'],
		['NetworkPolicy'],
		['PodDisruptionBudget'],
		['ServiceAccount'],
		['Secret', 'ConfigMap'],
		['PersistentVolumeClaim'],
		['CustomResourceDefinition'],
		['Role'],
		['Service'],
		['Deployment'],
		['Job'],
		['Ingress'],
		['Widget', 'Service'],
		['ValidatingWebhookConfiguration'],
	]);
});
