import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as yaml from 'yaml';
import { Failure } from '../../shared/failure/failure.ts';
import { imagesOf } from '../../shared/kubernetes/images.ts';
import { parseManifests } from '../../shared/kubernetes/manifest-text.ts';
import { overrideImages } from '../../shared/kubernetes/overrides.ts';
import { upgradeObject } from '../../shared/kubernetes/upgrade.ts';
import { warningsOf } from '../../shared/kubernetes/warnings.ts';

const kinds = [
	'apps/v1 Deployment',
	'apps/v1beta1 Deployment',
	'extensions/v1beta1 Ingress',
	'autoscaling/v2 HorizontalPodAutoscaler',
	'policy/v1 PodDisruptionBudget',
	'batch/v1 CronJob',
	'v1 Service',
	'v1 Pod',
];

/** Fields that are looked at before a server has seen the object. */
const fields =
	'spec template metadata labels annotations containers initContainers image name selector matchLabels replicas strategy type rollingUpdate maxUnavailable minAvailable scaleTargetRef kind rules http paths backend serviceName lifecycle preStop exec command sleep seconds jobTemplate'.split(
		' ',
	);

/** Those fields in any order, with anything in them. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 6, withCrossShrink: true },
		fc.constantFrom(null, '', 'web', 1, -1, true, 'acme/web:1'),
		fc.array(tie('value'), { maxLength: 2 }),
		fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 4 }),
	),
}));

const pod = fc.record({ containers: value, initContainers: value });
const spec = fc.oneof(
	value,
	pod,
	fc.record({ template: fc.record({ spec: pod, metadata: value }), selector: value }),
);

test('whatever stands in a manifest is told of in a sentence, or left to the server', () => {
	const object = fc.record({ kind: fc.constantFrom(...kinds), spec, labels: value });
	fc.assert(
		fc.property(fc.array(object, { minLength: 1, maxLength: 3 }), (objects) => {
			const text = objects.map(({ kind: written, labels, ...rest }, index) => {
				const [apiVersion, kind] = written.split(' ');
				const metadata = { name: `it-${index}`, labels, annotations: labels };
				return JSON.stringify({ apiVersion, kind, metadata, ...rest });
			});
			const manifests = parseManifests(yaml, 'k.yaml', text.join('\n---\n'));
			expect(manifests).toHaveLength(objects.length);
			warningsOf(manifests);
			for (const { object } of manifests) {
				imagesOf(object);
				upgradeObject(object);
			}
			try {
				overrideImages(manifests, { 'acme/web': 'acme/web:2' }, '--images');
			} catch (error) {
				expect(error).toBeInstanceOf(Failure);
			}
		}),
		{
			numRuns: 500,
			examples: [[[{ kind: 'v1 Pod', spec: { containers: [{ image: null }] }, labels: null }]]],
		},
	);
});
