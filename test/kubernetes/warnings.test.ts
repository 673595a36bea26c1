import { expect, test } from 'vitest';
import * as yaml from 'yaml';
import { parseManifests } from '../../shared/kubernetes/manifest-text.ts';
import { warningsOf } from '../../shared/kubernetes/warnings.ts';

const probe = 'readinessProbe: {tcpSocket: {port: 80}}';
const sound = `{name: web, image: "acme/web:1", ${probe}}`;

function deployment(spec = 'replicas: 2', container = sound, pod = ''): string {
	return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  ${spec}
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, tier: front}}, spec: {${pod}containers: [${container}]}}
---`;
}

const budget = (rule: string, app = 'web') => `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {${rule}, selector: {matchLabels: {app: ${app}}}}
---`;
const service = (selector: string, namespace = '') => `
apiVersion: v1
kind: Service
metadata: {name: web${namespace}}
spec: {${selector}ports: [{port: 80}]}
---`;
const scaler = (name: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ${name}}, maxReplicas: 3}
---`;
const preStop = (hook: string) =>
	`{name: web, image: "acme/web:1", ${probe}, lifecycle: {preStop: ${hook}}}`;
const image = (name: string) => `{name: web, image: "${name}", ${probe}}`;

test.each<[string, string, ...string[]]>([
	['a sound Deployment', deployment()],
	[
		'no readinessProbe',
		deployment('replicas: 2', '{name: web, image: "acme/web:1"}'),
		'no-readiness-probe',
	],
	[
		'a Job without one',
		'apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: j, image: "a:1"}]}}}',
	],
	['no tag', deployment('replicas: 2', image('acme/web')), 'latest-tag'],
	['the tag latest', deployment('replicas: 2', image('acme/web:latest')), 'latest-tag'],
	['a digest without a tag', deployment('replicas: 2', image(`acme/web@sha256:${'a'.repeat(64)}`))],
	[
		'a digest with latest',
		deployment('replicas: 2', image(`acme/web:latest@sha256:${'a'.repeat(64)}`)),
	],
	[
		'one replica of which one may go',
		deployment('strategy: {rollingUpdate: {maxUnavailable: 1}}'),
		'no-replica-left',
	],
	[
		'two of which one may go',
		deployment('replicas: 2\n  strategy: {rollingUpdate: {maxUnavailable: 1}}'),
	],
	['one of which none may go', deployment('strategy: {rollingUpdate: {maxUnavailable: 0}}')],
	['Recreate', deployment('strategy: {type: Recreate}'), 'recreate'],
	[
		'a preStop command as long as it has',
		deployment('replicas: 2', preStop('{exec: {command: [sh, -c, sleep 30]}}')),
	],
	[
		'a preStop command that is longer',
		deployment('replicas: 2', preStop('{exec: {command: [sh, -c, "x; sleep 31"]}}')),
		'pre-stop-too-long',
	],
	[
		'a preStop sleep that is longer',
		deployment('replicas: 2', preStop('{sleep: {seconds: 40}}')),
		'pre-stop-too-long',
	],
	[
		'one that has more time',
		deployment(
			'replicas: 2',
			preStop('{sleep: {seconds: 40}}'),
			'terminationGracePeriodSeconds: 60, ',
		),
	],
	['a budget with room', deployment() + budget('minAvailable: 1')],
	['a budget for all replicas', deployment() + budget('minAvailable: 2'), 'budget-blocks-all'],
	['a budget for those of others', deployment() + budget('minAvailable: 2', 'api')],
	['a budget of 100%', budget('minAvailable: 100%'), 'budget-blocks-all'],
	['a budget of none', budget('maxUnavailable: 0'), 'budget-blocks-all'],
	['a budget of one', budget('maxUnavailable: 1')],
	['replicas beside an autoscaler', deployment() + scaler('web'), 'replicas-beside-autoscaler'],
	['replicas beside that of another', deployment() + scaler('api')],
	['no replicas beside an autoscaler', deployment('minReadySeconds: 1') + scaler('web')],
	['a Service that selects pods', deployment() + service('selector: {tier: front}, ')],
	[
		'a Service that selects none',
		deployment() + service('selector: {app: api}, '),
		'service-matches-nothing',
	],
	['a Service without a selector', deployment() + service('')],
	[
		'a Service in a namespace without pods',
		deployment() + service('selector: {app: api}, ', ', namespace: shop'),
	],
	['a Service alone', service('selector: {app: api}, ')],
])('%s', (_what, text, ...keys) => {
	const warnings = warningsOf(parseManifests(yaml, 'k.yaml', text));
	expect(warnings.map(({ key }) => key)).toEqual(keys);
	for (const { key, message } of warnings)
		expect(message).toMatch(new RegExp(`^\\w+/\\w+: .*\\(${key}\\)$`));
});

test('a warning stands at the line of what it is about', () => {
	const text = deployment('replicas: 2', image('acme/web:latest'));
	const [warning] = warningsOf(parseManifests(yaml, 'k.yaml', text));
	expect(warning?.place).toMatchObject({ file: 'k.yaml', line: 8 });
});

test.each([
	['apiVersion: v1\nkind: Pod', '', 6],
	['apiVersion: v1\nkind: PodTemplate', 'template:', 6],
	['apiVersion: apps/v1\nkind: DaemonSet', 'spec: {template:', 6],
	['apiVersion: batch/v1\nkind: CronJob', 'spec: {jobTemplate: {spec: {template:', 6],
])('the pods of %j are looked at where that kind has them', (head, before, line) => {
	const pod = `\n  {containers: [\n    {name: a, readinessProbe: {}, image: "acme/a:latest"}]}`;
	const opening = before === '' ? 'spec:' : `${before} {spec:`;
	const closing = '}'.repeat(opening.split('{').length - 1);
	const text = `${head}\nmetadata: {name: a}\n${opening}${pod}${closing}\n`;
	const warnings = warningsOf(parseManifests(yaml, 'k.yaml', text));
	expect(warnings).toMatchObject([{ key: 'latest-tag', place: { line: line } }]);
});
