import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { type Command, median, ratio, table, timeInTurn } from './measure.ts';
import { dist } from './paths.ts';

const file = 'kubernetes/deployments/project.yaml';
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: application
spec:
  selector:
    matchLabels: {app: application}
  template:
    metadata:
      labels: {app: application}
    spec:
      containers:
      - name: application
        image: acme/application:v0 # set by the pipeline
`;

/** One bump of an image in a small repository, beside the script that people write for it. */
export async function benchBump(): Promise<void> {
	const yq = yqOnPath();
	if (yq === undefined) {
		console.log('\nBump: left out, for there is no yq (github.com/mikefarah/yq) on PATH');
		return;
	}
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
	const server = await startGitServer();
	await server.createRepository('bench/ours', { files: { [file]: deployment } });
	await server.createRepository('bench/script', { files: { [file]: deployment } });
	const cost = new Map<string, number>();
	const timings = await timeInTurn(
		{
			'bump-image': counted(server, cost, 'bump-image', bundle(server, folder)),
			'clone + yq + push': counted(server, cost, 'clone + yq + push', script(server, folder)),
		},
		15,
	);
	const script_ = timings.get('clone + yq + push') ?? [];
	const rows = [...timings].map(([name, times]) => [
		name,
		`${median(times).toFixed(0)} ms`,
		ratio(times, script_).toFixed(2),
		String(cost.get(name)),
	]);
	console.log(
		`\nBump of one image, tiny repository, loopback\n${table(['', 'median', 'to the script', 'requests'], rows)}`,
	);
	await server.close();
	await rm(folder, { recursive: true });
}

let version = 0;

/** Each run sets a version that is not there yet. */
function counted(
	server: GitServer,
	cost: Map<string, number>,
	name: string,
	command: Command,
): Command {
	const env: Record<string, string | undefined> = { ...command.env };
	let before = 0;
	return {
		...command,
		env,
		async before() {
			await command.before?.();
			env.VERSION = `v${++version}`;
			env.PLUGIN_TAG = env.VERSION;
			before = server.requests.length;
		},
		after: () => void cost.set(name, server.requests.length - before),
	};
}

function bundle(server: GitServer, folder: string): Command {
	return {
		program: process.execPath,
		args: [join(dist, 'bump-image', 'index.js')],
		cwd: folder,
		env: {
			PATH: process.env.PATH,
			HOME: folder,
			PLUGIN_REPOSITORY: server.cloneUrl('bench/ours'),
			PLUGIN_FILE: file,
			PLUGIN_IMAGE: 'acme/application',
		},
	};
}

function script(server: GitServer, folder: string): Command {
	const commands = [
		`git clone --quiet --depth 1 ${server.cloneUrl('bench/script')} clone`,
		'cd clone',
		`yq -i ".spec.template.spec.containers[0].image = \\"acme/application:$VERSION\\"" ${file}`,
		'git -c user.name=bench -c user.email=bench@example.com commit --quiet -am "Bump to $VERSION"',
		'git push --quiet',
	];
	return {
		program: 'sh',
		args: ['-ec', commands.join('\n')],
		cwd: folder,
		env: { PATH: process.env.PATH, HOME: folder },
		before: () => rm(join(folder, 'clone'), { recursive: true, force: true }),
	};
}

function yqOnPath(): string | undefined {
	for (const folder of (process.env.PATH ?? '').split(delimiter)) {
		const yq = join(folder, 'yq');
		try {
			// Another program of this name is a wrapper of jq, with another language.
			if (
				execFileSync(yq, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('mikefarah')
			)
				return yq;
		} catch {
			// Not in this folder.
		}
	}
	return undefined;
}
