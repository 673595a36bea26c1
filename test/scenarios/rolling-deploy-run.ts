import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cluster } from '../stand-ins/kubernetes/cluster.ts';
import { commandLine, type Front, type Situation, type Values } from './fronts.ts';
import { runStep, type StepRun } from './run-step.ts';

const situation: Situation = {
	server: 'http://127.0.0.1:23100',
	repository: 'acme/infra-qa',
	commit: '0123456789012345678901234567890123456789',
};

export interface DeployOptions {
	front?: Front;
	/** Files of the workspace beside the manifests. */
	files?: Values;
	/** What made the pipeline run, where that is not the usual. */
	at?: Partial<Situation>;
	/** Makes more of the workspace, such as a clone. */
	prepare?: (workspace: string) => Promise<void>;
	onStart?: (pid: number) => void;
	/** Further variables of the process. */
	env?: Values;
	stdin?: string;
}

/**
 * Runs rolling-deploy in a workspace of its own that holds `manifests` as `k.yaml`, and the
 * cluster's kubeconfig. Containers without a probe are believed after a moment.
 */
export async function deploy(
	cluster: Cluster,
	manifests: string,
	inputs: Values = {},
	{
		front = commandLine,
		files = {},
		at = {},
		prepare,
		onStart,
		env = {},
		stdin = '',
	}: DeployOptions = {},
): Promise<StepRun> {
	const workspace = await mkdtemp(join(tmpdir(), 'rolling-deploy-'));
	try {
		const all = { kubeconfig: cluster.kubeconfig(), 'k.yaml': manifests, ...files };
		for (const [name, text] of Object.entries(all)) {
			await mkdir(dirname(join(workspace, name)), { recursive: true });
			await writeFile(join(workspace, name), text);
		}
		await prepare?.(workspace);
		const started = front(
			{ ...situation, ...at },
			{
				manifests: 'k.yaml',
				kubeconfig: 'kubeconfig',
				'stable-for': '0.1s',
				...inputs,
			},
		);
		return await runStep('rolling-deploy', {
			...started,
			env: { ...started.env, ...env },
			cwd: workspace,
			stdin,
			...(onStart === undefined ? {} : { onStart }),
		});
	} finally {
		await rm(workspace, { recursive: true });
	}
}

/**
 * The requests that would have changed something, the Lease of the run itself left out. What
 * an account may do is asked by POST.
 */
export function writes({ requests }: Cluster): string[] {
	return requests
		.filter(({ method, query }) => method !== 'GET' && query.dryRun === undefined)
		.filter(({ path }) => !path.includes('/leases') && !path.includes('/selfsubject'))
		.map(({ method, path }) => `${method} ${path}`);
}

/** A Deployment with one container, `web`; its image stands in line 12. */
export function deployment(image: string, spec = 'replicas: 2', container = ''): string {
	return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  ${spec}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - image: ${JSON.stringify(image)}
          name: web
${container}`;
}

export const service = `---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
`;

export const log = ({ stdout, stderr }: StepRun): string => stdout + stderr;
