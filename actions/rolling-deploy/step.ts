import * as z from 'zod/mini';
import { warningKeys } from '../../shared/kubernetes/warnings.ts';
import { clusterInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { defineStep, input, output } from '../../shared/step/declare.ts';
import { count, duration, list, pairs } from '../../shared/step/values.ts';
import { reported } from './report.ts';
import { reportInputs } from './report-inputs.ts';
import { Rollout } from './rollout.ts';

export const step = defineStep({
	name: 'rolling-deploy',
	title: 'Bring manifests to a cluster, wait until they run, and say why when they do not',
	text: `Applies a set of manifests by server-side apply and waits until all of it is ready.

Everything is parsed, resolved and tried out on the server before anything is written, so a
broken set leaves nothing half done. Objects go up in the order of their dependencies. What
is there already makes no write request.

A rollout that cannot succeed is told at once, in one sentence that names the cause: an image
that is not there, a container that crashes, a ConfigMap that is missing, a quota that is used
up. Below it stand the cluster's warnings and the last lines of the containers concerned. Only
the pods of the new revision are looked at.

The account needs the rights to get, create and patch what the set holds, and to list and watch
it; for the causes those to list and watch pods, events and ReplicaSets and to get \`pods/log\`; for
\`rollback-on-failure\` to update and delete; and all of these on Leases, which keep two runs for
the same set apart. What is missing is named before anything is written.

A container without a readiness probe counts as ready from its first instant; it has to run for
\`stable-for\` before the step believes it.`,
	branding: { icon: 'upload-cloud', color: 'blue' },
	inputs: {
		manifests: input(
			list,
			'What to apply: files, folders with all below them, globs, `-` for the standard input. A folder with a `kustomization.yaml` or a `Chart.yaml` is rendered by the `kustomize`, `kubectl` or `helm` on PATH.',
			{ required: true },
		),
		values: input(
			list,
			'Files with values for the charts among `manifests`, the last one of the greatest weight.',
		),
		images: input(
			pairs,
			'Other images than the manifests name, as `name=reference`: every container whose image is `name`, whatever its tag, gets the reference.',
		),
		'field-manager': input(
			z.string().check(z.regex(/^[\x21-\x7e]{1,128}$/, 'a name of at most 128 characters')),
			'Name under which the cluster keeps the fields that this step owns.',
			{ default: 'lockstep' },
		),
		'force-conflicts': input(
			z.boolean(),
			'Take over fields that another manager owns, instead of failing.',
			{ default: 'false' },
		),
		wait: input(z.boolean(), 'Wait until everything is ready.', { default: 'true' }),
		'stable-for': input(
			duration,
			'How long a container without a readiness probe has to run before it counts as ready.',
			{ default: '3s' },
		),
		'rollback-on-failure': input(
			z.boolean(),
			'When something does not get ready, or the run is cancelled, bring every object back to what it was before, wait for that unless it was cancelled, and fail. Going back gets a third of `timeout`.',
			{ default: 'false' },
		),
		'upgrade-apis': input(
			z.boolean(),
			'Rewrite objects in versions that the server no longer serves (`apps/v1beta1`, Ingress of `extensions/v1beta1`, ...) to those that it does, on the way to it; the files stay as they are.',
			{ default: 'false' },
		),
		'replace-immutable': input(
			z.boolean(),
			'Delete and make anew what has a changed field that cannot be changed, such as a Job or a selector. What holds data is never made anew.',
			{ default: 'false' },
		),
		prune: input(
			z.boolean(),
			'Delete, when all is ready, what an earlier run with `prune` brought for the same `set` and this one does not bring any more. Never in `kube-system`, and nothing that somebody else has taken over.',
			{ default: 'false' },
		),
		'prune-kinds': input(
			list,
			'Kinds that `prune` deletes as well: without being named here a Namespace, Node, Event, PersistentVolume, PersistentVolumeClaim or CustomResourceDefinition stays.',
		),
		set: input(
			z
				.string()
				.check(
					z.regex(/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/, 'at most 50 small letters, digits and -'),
				),
			'Name of the set in the cluster: of its inventory for `prune`, and of the Lease that keeps two runs for it apart.',
			{ otherwise: 'made from the repository and `manifests`' },
		),
		'when-locked': input(
			z.enum(['wait', 'fail', 'ignore']),
			'What to do while another run is at work on the same set.',
			{ default: 'wait' },
		),
		silence: input(
			z.array(z.enum(warningKeys)),
			`Warnings that are not wanted: ${warningKeys.map((key) => `\`${key}\``).join(', ')}.`,
		),
		concurrency: input(count, 'Objects that are read or written at once.', { default: '8' }),
		...reportInputs,
		...clusterInputs,
		...stepInputs,
	},
	outputs: {
		status: output(
			z.enum(['deployed', 'unchanged', 'failed', 'rolled-back']),
			'How it ended: `deployed`, `unchanged`, `failed` or `rolled-back`. A dry run has none.',
		),
		objects: output(
			z.array(z.record(z.string(), z.unknown())),
			'Every object: `apiVersion`, `kind`, `namespace`, `name`, `file`, `line`, `change` (created, changed, replaced, unchanged, pruned), `images`, `previousImages`, `state`, `seconds`.',
		),
		images: output(z.array(z.string()), 'The images of the workloads of the set, each once.'),
		'image-ids': output(
			z.array(z.string()),
			'The same by digest, as the nodes report what runs: `name@sha256:...`.',
		),
		reason: output(z.string(), 'Why it failed, in one sentence.'),
		seconds: output(z.number(), 'How long it took.'),
	},
	example: { manifests: ['kubernetes'], kubeconfig: '' },
	exclusive: [
		['kubeconfig', 'server'],
		['context', 'server'],
		['eks-cluster', 'kubeconfig'],
		['eks-cluster', 'cluster-token'],
	],
	async run(inputs, context) {
		return await reported(inputs, context, () => new Rollout(inputs, context).run());
	},
});
