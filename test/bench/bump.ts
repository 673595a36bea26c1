import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedRequest } from '../stand-ins/git/exchange.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { ours, script, type Task, updatecli } from './contenders.ts';
import { type Command, median, peakMemory, ratio, table, timeInTurn } from './measure.ts';
import { bumpedFile, layRepository, type Size, sizes } from './repositories.ts';
import { hasUpdatecli, yqFolder } from './tools.ts';

interface Case {
	readonly size: Size;
	/** Milliseconds that each request waits. */
	readonly latency: number;
	readonly rounds: number;
}

const cases: readonly Case[] = [
	{ size: sizes.tiny, latency: 0, rounds: 15 },
	{ size: sizes.middle, latency: 0, rounds: 5 },
	{ size: sizes.middle, latency: 30, rounds: 5 },
	{ size: sizes.large, latency: 0, rounds: 3 },
];

/** The aims: what one bump may cost beside the script. */
const aims = `Aims: tiny at most 1.5 times the script's time; middle with 30 ms at most 1/4 of it;
large at most 1/30 of it, less than 1 MB, at most 8 requests`;

/** One bump of an image, beside the script that people write for it and updatecli. */
export async function benchBump(): Promise<void> {
	const yq = yqFolder();
	if (yq === undefined) {
		console.log('\nBump: left out, for there is neither yq (github.com/mikefarah/yq) nor go');
		return;
	}
	const others: Contenders = {
		'clone + yq + push': (task) => script(task, yq),
		...(hasUpdatecli() ? { updatecli } : {}),
	};
	if (!hasUpdatecli()) console.log('\nBump: updatecli is left out, for it is not on PATH');
	const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
	const server = await startGitServer();
	try {
		for (const one of cases)
			await benchCase(one, { 'bump-image': ours, ...others }, server, folder);
		console.log(`\n${aims}`);
	} finally {
		await server.close();
		await rm(folder, { recursive: true });
	}
}

type Contenders = Readonly<Record<string, (task: Task) => Command>>;

async function benchCase(
	{ size, latency, rounds }: Case,
	contenders: Contenders,
	server: GitServer,
	folder: string,
): Promise<void> {
	const costs = new Map<string, RecordedRequest[]>();
	const commands: Record<string, Command> = {};
	for (const [name, contender] of Object.entries(contenders)) {
		const repository = `${size.name}-${latency}/${name.replaceAll(/\W+/g, '-')}`;
		await layRepository(server, repository, size);
		const own = join(folder, repository);
		await mkdir(own, { recursive: true });
		const task = {
			url: server.cloneUrl(repository),
			file: bumpedFile(size),
			folder: own,
			version: () => `v${++version}`,
		};
		commands[name] = counted(contender(task), server, (requests) => costs.set(name, requests));
	}
	server.latency = latency;
	const memory = await peakMemory(commands);
	const timings = await timeInTurn(commands, rounds, { warm: true });
	server.latency = 0;
	const theirs = timings.get('clone + yq + push') ?? [];
	const rows = [...timings].map(([name, times]) => {
		const requests = costs.get(name) ?? [];
		const bytes = requests.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0);
		return [
			name,
			`${median(times).toFixed(0)} ms`,
			ratio(times, theirs).toFixed(3),
			String(requests.length),
			`${(bytes / 1e6).toFixed(3)} MB`,
			memory.has(name) ? `${((memory.get(name) ?? 0) / 1024).toFixed(0)} MB` : '-',
		];
	});
	const head = ['', 'median', 'to the script', 'requests', 'up + down', 'largest process'];
	const wait = latency > 0 ? `, ${latency} ms added to each request` : '';
	console.log(`\nBump of one image, ${describe(size)}, loopback${wait}\n${table(head, rows)}`);
	for (const name of Object.keys(contenders))
		await rm(join(folder, `${size.name}-${latency}`, name.replaceAll(/\W+/g, '-')), {
			recursive: true,
			force: true,
		});
}

let version = 0;

function describe({ name, services, texts, binaries, binaryBytes }: Size): string {
	const files = services * (texts + binaries);
	const megabytes = (services * (binaries * binaryBytes + texts * 1300)) / 1e6;
	return `${name} repository (${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}, ${megabytes.toFixed(0)} MB)`;
}

/** Hands over the requests of each run. */
function counted(
	command: Command,
	server: GitServer,
	tell: (requests: RecordedRequest[]) => void,
): Command {
	let before = 0;
	return {
		...command,
		async before() {
			await command.before?.();
			before = server.requests.length;
		},
		after: () => tell(server.requests.slice(before)),
	};
}
