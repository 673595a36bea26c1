import { chmod, cp, writeFile } from 'node:fs/promises';
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

/** Fills a folder with what scripts of the examples find on PATH in place of docker and packer. */
export async function layCommands(folder: string, registryUrl: string): Promise<void> {
	const programs = join(import.meta.dirname, 'programs');
	await cp(join(programs, 'bin'), folder, { recursive: true });
	const command = `'${process.execPath}' '${join(programs, 'docker-cli.ts')}' '${registryUrl}'`;
	await writeFile(join(folder, 'docker'), `#!/bin/sh\nexec ${command} "$@"\n`);
	await chmod(join(folder, 'docker'), 0o755);
}
