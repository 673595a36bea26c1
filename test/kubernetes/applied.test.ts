import { describe, expect, test } from 'vitest';
import { isApplied } from '../../shared/kubernetes/applied.ts';
import type { FieldSet, KubernetesObject } from '../../shared/kubernetes/object.ts';

const manager = 'lockstep';

/** As it is sent. */
const desired = (): KubernetesObject & { spec: Record<string, unknown> } => ({
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
	spec: {
		replicas: 2,
		selector: { matchLabels: { app: 'web' } },
		template: {
			metadata: { labels: { app: 'web' }, annotations: {} },
			spec: {
				containers: [
					{
						name: 'web',
						image: 'acme/web:1',
						command: ['serve', '-v'],
						ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
					},
				],
			},
		},
	},
});

/** What a real server made of it. */
const owned = (): FieldSet =>
	JSON.parse(
		'{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:annotations":{},"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"web\\"}":{".":{},"f:command":{},"f:image":{},"f:name":{},"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}},"k:{\\"containerPort\\":80,\\"protocol\\":\\"UDP\\"}":{".":{},"f:containerPort":{},"f:protocol":{}}}}}}}}}',
	) as FieldSet;

const live = (): KubernetesObject => ({
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: {
		name: 'web',
		namespace: 'shop',
		uid: '415fdb4e-976b-4548-9b1f-f4375ee72848',
		resourceVersion: '33276',
		labels: { app: 'web' },
		annotations: { 'deployment.kubernetes.io/revision': '1' },
		managedFields: [
			{ manager, operation: 'Apply', apiVersion: 'apps/v1', fieldsV1: owned() },
			{
				manager: 'kube-controller-manager',
				operation: 'Update',
				apiVersion: 'apps/v1',
				subresource: 'status',
				fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {} } } },
			},
		],
	},
	spec: {
		progressDeadlineSeconds: 600,
		replicas: 2,
		selector: { matchLabels: { app: 'web' } },
		template: {
			metadata: { labels: { app: 'web' } },
			spec: {
				containers: [
					{
						name: 'web',
						image: 'acme/web:1',
						command: ['serve', '-v'],
						imagePullPolicy: 'IfNotPresent',
						ports: [
							{ containerPort: 80, protocol: 'TCP' },
							{ containerPort: 80, protocol: 'UDP' },
						],
					},
				],
				restartPolicy: 'Always',
			},
		},
	},
	status: { replicas: 2 },
});

type Edit = (text: string) => string;
const same: Edit = (text) => text;
const edited = <T>(value: T, edit: Edit): T => JSON.parse(edit(JSON.stringify(value))) as T;
const swap =
	(from: string, to: string): Edit =>
	(text) => {
		if (!text.includes(from)) throw new Error(`${text} has no ${from}`);
		return text.replace(from, to);
	};

const verdict = (sent: Edit, there: Edit) =>
	isApplied(edited(desired(), sent), edited(live(), there), manager);

test('what the manager owns, with the same values, is applied already', () => {
	expect(verdict(same, same)).toBe(true);
});

describe.each<[string, Edit, Edit]>([
	['a value differs', swap('acme/web:1', 'acme/web:2'), same],
	['somebody changed a value', same, swap('acme/web:1', 'acme/web:2')],
	['a value is of another type', swap('"replicas":2', '"replicas":"2"'), same],
	['a field is new', swap('"replicas":2', '"replicas":2,"paused":true'), same],
	['a field is not sent any more', swap('"replicas":2,', ''), same],
	['a field is gone', same, swap('"replicas":2,"selector"', '"selector"')],
	[
		'another field of a map',
		swap('{"app":"web"},"annotations"', '{"app":"web","tier":"b"},"annotations"'),
		same,
	],
	['an item of a whole list differs', swap('"-v"', '"-q"'), same],
	['the items of a whole list are turned round', swap('"serve","-v"', '"-v","serve"'), same],
	[
		'a default is written out',
		swap('{"containerPort":80},', '{"containerPort":80,"protocol":"TCP"},'),
		same,
	],
	[
		'items by key are turned round',
		swap(
			'{"containerPort":80},{"containerPort":80,"protocol":"UDP"}',
			'{"containerPort":80,"protocol":"UDP"},{"containerPort":80}',
		),
		same,
	],
	[
		'an item by key is new',
		swap('{"containerPort":80},', '{"containerPort":80},{"containerPort":81},'),
		same,
	],
	[
		'somebody put an item between',
		same,
		swap('"ports":[', '"ports":[{"containerPort":9,"protocol":"TCP"},'),
	],
	['an empty map is of another type', swap('"annotations":{}', '"annotations":[]'), same],
	[
		'an empty map is filled by somebody',
		same,
		swap('"template":{"metadata":{', '"template":{"metadata":{"annotations":{"a":"b"},'),
	],
	['the version is another', swap('apps/v1', 'apps/v1beta1'), same],
	['the manager is another', same, swap(`"manager":"${manager}"`, '"manager":"other"')],
	['it was written by Update', same, swap('"operation":"Apply"', '"operation":"Update"')],
	['nobody is told as owner', same, swap('"managedFields":', '"formerly":')],
	[
		'it is being deleted',
		same,
		swap('"uid":', '"deletionTimestamp":"2026-01-01T00:00:00Z","uid":'),
	],
	[
		'it was applied by the client before',
		same,
		(text) =>
			swap(
				',"subresource":"status"',
				'',
			)(swap('kube-controller-manager', 'kubectl-client-side-apply')(text)),
	],
	[
		'it names the version that it is for',
		swap('"namespace":"shop"', '"namespace":"shop","resourceVersion":"1"'),
		same,
	],
	['it has a status', swap('"kind":', '"status":{},"kind":'), same],
	[
		'it is a number too large to tell',
		swap('"replicas":2', '"replicas":9007199254740993'),
		swap('"replicas":2,"selector"', '"replicas":9007199254740992,"selector"'),
	],
])('it is not certain where', (title, sent, there) => {
	test(title, () => {
		expect(verdict(sent, there)).toBe(false);
	});
});

test('an empty map that another owns as well is in conflict anew with every apply', () => {
	const another = { manager: 'other', operation: 'Apply' as const, fieldsV1: owned() };
	const object = live();
	object.metadata.managedFields?.push(another);
	expect(isApplied(desired(), object, manager)).toBe(false);
	const { 'f:template': _, ...rest } = owned()['f:spec'] ?? {};
	another.fieldsV1 = { 'f:spec': rest };
	expect(isApplied(desired(), object, manager)).toBe(true);
});

test('of a kind that others define no default and no empty value is taken for granted', () => {
	const custom = (fields: FieldSet, there: object): KubernetesObject => ({
		apiVersion: 'example.com/v1',
		kind: 'Widget',
		metadata: {
			name: 'w',
			managedFields: [
				{
					manager,
					operation: 'Apply',
					apiVersion: 'example.com/v1',
					fieldsV1: { 'f:spec': fields },
				},
			],
		},
		spec: there,
	});
	const sent = (spec: object) => ({ ...custom({}, spec), metadata: { name: 'w' } });
	const ports = (key: string) => ({ 'f:ports': { [`k:${key}`]: { '.': {}, 'f:port': {} } } });
	const whole = custom(ports('{"port":1}'), { ports: [{ port: 1, protocol: 'TCP' }] });
	expect(isApplied(sent({ ports: [{ port: 1 }] }), whole, manager)).toBe(true);
	const partial = custom(ports('{"port":1,"protocol":"TCP"}'), {
		ports: [{ port: 1, protocol: 'TCP' }],
	});
	expect(isApplied(sent({ ports: [{ port: 1 }] }), partial, manager)).toBe(false);
	expect(
		isApplied(
			sent({ size: 1, labels: {} }),
			custom({ 'f:size': {}, 'f:labels': {} }, { size: 1 }),
			manager,
		),
	).toBe(false);
	// A set, and a map without a schema.
	const set = custom({ 'f:set': { 'v:"a"': {} } }, { set: ['a'] });
	expect(isApplied(sent({ set: ['a'] }), set, manager)).toBe(false);
	const free = custom({ 'f:free': { '.': {}, 'f:a': {} } }, { free: { a: 1 } });
	expect(isApplied(sent({ free: { a: 1 } }), free, manager)).toBe(false);
});
