import type { TestProject } from 'vitest/node';

import type { GiteaAddress } from '../servers/gitea.ts';
import type { KubernetesAddress } from '../servers/kubernetes.ts';
import { startServers } from '../servers/start.ts';

declare module 'vitest' {
	/** What tests get by `inject`. */
	interface ProvidedContext {
		gitea: GiteaAddress;
		kubernetes: KubernetesAddress;
	}
}

/** Starts the servers once for all tests; what it returns ends them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const servers = await startServers(['gitea', 'kubernetes']);
	project.provide('gitea', servers.gitea);
	project.provide('kubernetes', servers.kubernetes);
	return () => servers.stop();
}
