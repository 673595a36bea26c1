import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from './measure.ts';
import { dist } from './paths.ts';
import { bumpedImage } from './repositories.ts';

/** What a bump is done to, and by which version; a folder of its own for what is written. */
export interface Task {
	readonly url: string;
	readonly file: string;
	readonly folder: string;
	/** One that is not there yet, at each call. */
	readonly version: () => string;
}

/** Our bundle, as a plugin is started. */
export function ours({ url, file, folder, version }: Task): Command {
	const env: Record<string, string | undefined> = {
		PATH: process.env.PATH,
		HOME: folder,
		PLUGIN_REPOSITORY: url,
		PLUGIN_FILE: file,
		PLUGIN_IMAGE: bumpedImage,
	};
	return {
		program: process.execPath,
		args: [join(dist, 'bump-image', 'index.js')],
		cwd: folder,
		env,
		before: async () => {
			env.PLUGIN_TAG = version();
		},
	};
}

/** What people write by hand. */
export function script({ url, file, folder, version }: Task, yqFolder: string): Command {
	const env: Record<string, string | undefined> = {
		PATH: `${yqFolder}:${process.env.PATH}`,
		HOME: folder,
	};
	const commands = [
		`git clone --quiet --depth 1 ${url} clone`,
		'cd clone',
		`yq -i ".spec.template.spec.containers[0].image = \\"${bumpedImage}:$VERSION\\"" ${file}`,
		'git -c user.name=bench -c user.email=bench@example.com commit --quiet -am "Bump to $VERSION"',
		'git push --quiet',
	];
	return {
		program: 'sh',
		args: ['-ec', commands.join('\n')],
		cwd: folder,
		env,
		async before() {
			env.VERSION = version();
			await rm(join(folder, 'clone'), { recursive: true, force: true });
		},
	};
}

/** updatecli, told to write the same value to the same branch. */
export function updatecli({ url, file, folder, version }: Task): Command {
	const config = join(folder, 'updatecli.yaml');
	const temporary = join(folder, 'tmp');
	return {
		program: 'updatecli',
		args: ['apply', '--config', config],
		cwd: folder,
		env: { PATH: process.env.PATH, HOME: folder, TMPDIR: temporary },
		async before() {
			await rm(temporary, { recursive: true, force: true });
			const spec = { file, key: '$.spec.template.spec.containers[0].image' };
			await writeFile(
				config,
				JSON.stringify({
					name: 'bump',
					scms: {
						infra: {
							kind: 'git',
							spec: {
								url,
								branch: 'main',
								user: 'bench',
								email: 'bench@example.com',
								directory: join(temporary, 'clone'),
							},
						},
					},
					targets: {
						image: {
							name: 'Bump the image',
							kind: 'yaml',
							scmid: 'infra',
							disablesourceinput: true,
							spec: { ...spec, value: `${bumpedImage}:${version()}` },
						},
					},
				}),
			);
		},
	};
}
