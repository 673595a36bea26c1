import * as z from 'zod/mini';
import { defineStep, output } from '../../shared/step/declare.ts';
import { inputs } from './inputs.ts';
import { verify } from './verify.ts';

export const step = defineStep({
	name: 'verify-deployment',
	title: 'Prove that what runs is the image that was promoted, and that it answers',
	text: `Checks what a deployment came to, and fails where one check does not hold.

- **The image**: every pod of the workload runs the digest that the registry has for the image.
  Of an image for several platforms the index counts, and each of its platforms. Pods of an
  older revision that are still there fail the check.
- **Smoke checks**: HTTP, TCP, or a command. Where a Service has no address outside the
  cluster, \`service://name:port/path\` asks it through the API server; for that the account needs
  the right to get \`services/proxy\`, or those to get \`services\`, list \`pods\`, and get and
  create \`pods/portforward\`. \`tcp+service://name:port\` goes through a forwarded port always.

After \`rolling-deploy\` in the same workspace the workloads and their images are known. A check
that does not hold is tried again, \`attempts\` times in all. The results are in the log, in the
outputs, and as JUnit XML in \`verify-deployment.xml\` in the folder of the outputs.`,
	branding: { icon: 'check-circle', color: 'green' },
	inputs,
	outputs: {
		verified: output(z.boolean(), 'Whether every check held.'),
		'image-ids': output(
			z.array(z.string()),
			'What the pods run, as the nodes report it: `name@sha256:...`.',
		),
		failures: output(
			z.array(z.record(z.string(), z.unknown())),
			'Each check that did not hold: `check`, `kind`, `failure`, `attempts`.',
		),
	},
	example: {
		workload: ['Deployment/web'],
		url: ['https://web.example.com/healthz'],
		kubeconfig: '',
	},
	exclusive: [
		['kubeconfig', 'server'],
		['context', 'server'],
		['eks-cluster', 'kubeconfig'],
		['eks-cluster', 'cluster-token'],
	],
	run: verify,
});
