import { join } from 'node:path';
import type { Programs } from '../engines/pipeline.ts';

/** What stands for the images of the example pipelines that are not Lockstep's. */
export function programsFor(registryUrl: string): Programs {
	const folder = join(import.meta.dirname, 'programs');
	const docker = { entry: [process.execPath, join(folder, 'docker.ts'), registryUrl] } as const;
	return {
		'plugins/docker': docker,
		'woodpeckerci/plugin-docker-buildx': docker,
		'hashicorp/packer': { path: join(folder, 'bin') },
		'alpine/git': {},
	};
}
