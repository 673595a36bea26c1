import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { badInput } from '../../shared/failure/failure.ts';
import { connectionOf } from '../../shared/kubernetes/kubeconfig.ts';
import type { Program, Recipe } from './build.ts';
import type { Log, Server, ServerKind } from './server.ts';
import { launch, onFreePorts } from './server-process.ts';

export interface KubernetesAddress {
	/** file; may do everything */
	kubeconfig: string;
	/**
	 * file; the user `deployer` of the group `deployers`, who may do only what RBAC grants. Absent
	 * where a cluster is given without one.
	 */
	deployerKubeconfig?: string;
}

const version = '1.35.4';
const component = 'k8s.io/component-base/version';

const recipe: Recipe = {
	name: 'kubernetes',
	title: `Kubernetes ${version}`,
	command: 'lockstep-kube',
	folder: join(import.meta.dirname, 'kubernetes'),
	package: '.',
	arguments: [
		`-ldflags=-s -w -X ${component}.gitVersion=v${version} -X ${component}.gitMajor=1 -X ${component}.gitMinor=${version.split('.')[1]} -X ${component}.gitTreeState=clean`,
	],
	cgo: false,
	usually: 'downloads 90 MB and takes 4 to 8 minutes on 2 cores',
	otherwise: 'set KUBECONFIG to the kubeconfig of a cluster, as kind makes one',
};

export const kubernetes: ServerKind<KubernetesAddress> = {
	recipe,

	async given(log: Log): Promise<Server<KubernetesAddress> | undefined> {
		const { KUBECONFIG: kubeconfig, DEPLOYER_KUBECONFIG: deployer } = process.env;
		if (!kubeconfig) {
			return undefined;
		}
		const server = await currentServer(kubeconfig);
		// Many a shell has KUBECONFIG set to a cluster that people depend on.
		if (!isOnThisMachine(server) && process.env.LOCKSTEP_TEST_CLUSTER !== server) {
			throw badInput(
				`KUBECONFIG leads to ${server}, which is not on this machine, and the tests write to it: set LOCKSTEP_TEST_CLUSTER=${server} if that is meant, or unset KUBECONFIG.`,
			);
		}
		log(`Kubernetes: taking ${server}, to which KUBECONFIG leads.`);
		return describe({ kubeconfig, ...(deployer && { deployerKubeconfig: deployer }) });
	},

	start(program: Program, folder: string): Promise<Server<KubernetesAddress>> {
		return onFreePorts(3, async (port) => {
			const files = join(folder, 'state');
			await mkdir(folder, { recursive: true, mode: 0o700 });
			const serverProcess = await launch({
				title: recipe.title,
				command: program.file,
				arguments: ['--dir', files, '--port', String(port)],
				folder,
				logFile: join(folder, 'server.log'),
				isReady: () =>
					access(join(files, 'ready')).then(
						() => true,
						() => false,
					),
			});
			const server = describe({
				kubeconfig: join(files, 'admin.kubeconfig'),
				deployerKubeconfig: join(files, 'deployer.kubeconfig'),
			});
			return { ...server, process: serverProcess };
		});
	},
};

function describe(address: KubernetesAddress): Server<KubernetesAddress> {
	return {
		address,
		variables: {
			KUBECONFIG: address.kubeconfig,
			...(address.deployerKubeconfig && { DEPLOYER_KUBECONFIG: address.deployerKubeconfig }),
		},
	};
}

/** The address of the cluster that the file's current context names. */
async function currentServer(kubeconfig: string): Promise<string> {
	const around = {
		environment: process.env,
		folder: process.cwd(),
		protect: () => undefined,
		nameOf: () => 'KUBECONFIG',
	};
	return (await connectionOf({ kubeconfig }, around)).server;
}

function isOnThisMachine(server: string): boolean {
	const { hostname } = new URL(server);
	return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
