import * as z from 'zod/mini';
import { clusterInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { input } from '../../shared/step/declare.ts';
import { count, duration, list, pairs } from '../../shared/step/values.ts';

export const inputs = {
	workload: input(
		list,
		'What runs the image: `Deployment/web`, or `shop/Deployment/web` in another namespace; also StatefulSet, DaemonSet, ReplicaSet, Job, Pod.',
		{ otherwise: 'the Deployments, StatefulSets and DaemonSets that `rolling-deploy` deployed' },
	),
	image: input(
		list,
		'Image that has to run, by tag or digest: every workload needs a container of it.',
		{
			otherwise: "each workload's own, as `rolling-deploy` deployed it or its template names it",
		},
	),
	username: input(z.string(), 'User name for the registry.'),
	password: input(z.string(), 'Password or token for the registry.', { secret: true }),
	url: input(
		list,
		'What has to answer: `https://…`, `http://…`, `tcp://host:port`, and for a Service without an address outside `service://name:port/path` or `tcp+service://name:port` (`name.namespace` for another namespace; port 443 or a port called `https` is asked by TLS).',
	),
	'ca-certificate': input(
		z.string(),
		'Certificate authority of what `url` names and of the registry, beside those that are trusted anyway: a path, the PEM text, or Base64 of it.',
	),
	'skip-verify': input(z.boolean(), 'Do not check the certificates of these.', {
		default: 'false',
	}),
	'expect-status': input(
		list,
		'Statuses of which an HTTP answer has to have one: `200`, or `2xx` for a whole class. Redirects are not followed.',
		{ default: '2xx' },
	),
	'expect-body': input(
		z.string(),
		'Text that the body has to hold; between slashes a regular expression, with `i` behind them in any case: `/version: 1\\.\\d+/`.',
	),
	'expect-json': input(
		pairs,
		'Values that a JSON body has to have, as `path=value`: `status=ok`, `checks[name=db].up=true`.',
	),
	command: input(list, 'Shell command that has to end with 0. One to a line.'),
	attempts: input(count, 'How often a check is tried in all.', { default: '10' }),
	interval: input(duration, 'Pause between two attempts.', { default: '3s' }),
	'check-timeout': input(duration, 'How long one attempt of a check may take.', {
		default: '10s',
	}),
	...clusterInputs,
	...stepInputs,
};
