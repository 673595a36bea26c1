import { describe, expect, test } from 'vitest';
import { diffLines, fieldChanges, isUnchanged } from '../../shared/kubernetes/compare.ts';
import { migratedOwners } from '../../shared/kubernetes/migrate.ts';
import type { FieldSet, KubernetesObject, ManagedFields } from '../../shared/kubernetes/object.ts';

const owned = (fieldsV1: FieldSet, manager = 'lockstep', time = '1'): ManagedFields => ({
	manager,
	operation: manager === 'lockstep' ? 'Apply' : 'Update',
	apiVersion: 'v1',
	fieldsV1,
	time,
});

const configMap = (
	data: object,
	managedFields: ManagedFields[],
	version = '1',
): KubernetesObject => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name: 'c', resourceVersion: version, managedFields },
	data,
});

const dataA = { 'f:data': { 'f:a': {} } };

describe('a dry run that changes nothing', () => {
	const live = configMap({ a: '1' }, [owned(dataA)]);
	const unchanged = (predicted: KubernetesObject, from = live) =>
		isUnchanged(from, predicted, 'lockstep');

	test('is seen through new versions and times', () => {
		expect(unchanged(configMap({ a: '1' }, [owned(dataA, 'lockstep', '2')], '7'))).toBe(true);
	});

	test('another value is a change', () => {
		expect(unchanged(configMap({ a: '2' }, [owned(dataA)]))).toBe(false);
	});

	test('to come to own a field is a change', () => {
		const others = configMap({ a: '1' }, [owned(dataA, 'kubectl')]);
		const both = configMap({ a: '1' }, [owned(dataA, 'kubectl'), owned(dataA)]);
		expect(unchanged(both, others)).toBe(false);
	});

	test('to own less, since the server fills it in, is none', () => {
		expect(unchanged(configMap({ a: '1' }, [owned({}, 'before-first-apply')]))).toBe(true);
	});

	test('the status of a moment later is none', () => {
		expect(unchanged({ ...live, status: { phase: 'Active' } })).toBe(true);
	});
});

describe('a diff', () => {
	const pod = (image: string, extra: object = {}): KubernetesObject => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'p', resourceVersion: image, uid: image },
		spec: { containers: [{ name: 'web', image, ...extra }] },
	});

	test('names list items by their name, and leaves out what the server keeps', () => {
		expect(diffLines(fieldChanges(pod('a:1'), pod('a:2', { env: [] })))).toEqual([
			'- spec.containers[web].image: a:1',
			'+ spec.containers[web].image: a:2',
			'+ spec.containers[web].env: []',
		]);
	});

	test.each(['data', 'stringData'])("never shows a Secret's %s", (field) => {
		const secret = (value: string): KubernetesObject => ({
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: {
				name: 's',
				annotations: { 'kubectl.kubernetes.io/last-applied-configuration': value },
			},
			[field]: { password: value, [`key of ${value.length}`]: value },
		});
		for (const before of [undefined, secret('correct horse')]) {
			const text = diffLines(fieldChanges(before, secret('battery staple'))).join('\n');
			const sequel = before === undefined ? '' : ' (another value)';
			expect(text.split('\n')).toContain(`+ ${field}.password: ***${sequel}`);
			expect(text).not.toMatch(/horse|staple/);
		}
	});
});

describe('taking over from client-side apply', () => {
	const clientSide = owned({ 'f:spec': { 'f:a': {} } }, 'kubectl-client-side-apply');
	const status = { ...owned({}, 'kubectl-client-side-apply'), subresource: 'status' };
	const other = owned({ 'f:spec': { 'f:z': {} } }, 'kube-controller-manager');

	test('its fields become those of the manager, others stay', () => {
		expect(migratedOwners([clientSide, status, other], 'lockstep')).toEqual([
			status,
			other,
			{ ...clientSide, manager: 'lockstep', operation: 'Apply' },
		]);
	});

	test('they join those that the manager has', () => {
		const own = owned({ 'f:spec': { 'f:a': {}, 'f:b': { 'f:c': {} } } });
		const [merged, ...rest] = migratedOwners([clientSide, own], 'lockstep');
		expect(rest).toEqual([]);
		expect(merged?.fieldsV1).toEqual({ 'f:spec': { 'f:a': {}, 'f:b': { 'f:c': {} } } });
	});
});
