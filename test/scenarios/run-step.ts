import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** What node keeps of the bundles' code, for they are started some thousand times. */
const compiled = join(tmpdir(), 'lockstep-test-compiled');

export interface StepOptions {
	/** The front's own variables and the inputs as it hands them over. */
	readonly env?: Readonly<Record<string, string>>;
	/** Inputs on the command line. */
	readonly args?: readonly string[];
	/** The workspace. Default: an empty temporary folder, removed afterwards. */
	readonly cwd?: string;
	/** What it reads from its standard input; nothing by default. */
	readonly stdin?: string;
	/** Called with the process's id once it runs, for tests that end it. */
	readonly onStart?: (pid: number) => void;
}

export interface StepRun {
	/** Undefined where a signal ended it. */
	readonly exitCode: number | undefined;
	readonly stdout: string;
	readonly stderr: string;
	/** What the step left in `.lockstep/<step>.json`; `{}` where it left nothing. */
	readonly outputs: Record<string, string>;
	/** What it wrote to GITHUB_OUTPUT, where the variables are those of GitHub Actions. */
	readonly githubOutputs: Record<string, string>;
	/** What it wrote to GITHUB_STEP_SUMMARY. */
	readonly githubSummary: string;
	/** A digest of each secret that it had the runner of GitHub Actions hide. */
	readonly masked: readonly string[];
}

/** A secret as `masked` has it. */
export function digestOf(secret: string): string {
	return createHash('sha256').update(secret).digest('hex');
}

/**
 * Runs a step's bundle as a CI does: a process of its own, with nothing of this process's
 * environment but the PATH, and an empty home.
 */
export async function runStep(step: string, options: StepOptions = {}): Promise<StepRun> {
	const bundle = join(root, 'dist', step, 'index.js');
	if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run npm run build first`);
	const scratch = await mkdtemp(join(tmpdir(), 'run-step-'));
	try {
		const cwd = options.cwd ?? scratch;
		const files = { output: join(scratch, 'github-output'), summary: join(scratch, 'summary.md') };
		const env: Record<string, string> = {
			PATH: process.env.PATH ?? '/usr/bin:/bin',
			HOME: scratch,
			TMPDIR: scratch,
			NODE_COMPILE_CACHE: compiled,
			...options.env,
		};
		if (env.GITHUB_ACTIONS === 'true') {
			await writeFile(files.output, '');
			await writeFile(files.summary, '');
			Object.assign(env, { GITHUB_OUTPUT: files.output, GITHUB_STEP_SUMMARY: files.summary });
		}
		const child = spawn(process.execPath, [bundle, ...(options.args ?? [])], { cwd, env });
		const stdout: Buffer[] = [];
		const stderr: Buffer[] = [];
		child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
		child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
		child.stdin.end(options.stdin);
		if (child.pid !== undefined) options.onStart?.(child.pid);
		const code = await new Promise<number | null>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', resolve);
		});
		const folder = join(cwd, '.lockstep');
		const printed = Buffer.concat(stdout).toString();
		const shown = env.GITHUB_ACTIONS === 'true' ? asTheRunnerShows(printed) : { log: printed };
		return {
			exitCode: code ?? undefined,
			stdout: shown.log,
			masked: shown.masked ?? [],
			stderr: Buffer.concat(stderr).toString(),
			outputs: JSON.parse(await readOr(join(folder, `${step}.json`), '{}')),
			githubOutputs: parseGithubOutputs(await readOr(files.output, '')),
			githubSummary: await readOr(files.summary, ''),
		};
	} finally {
		// A git whose step was killed may still be writing there.
		await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** The runner obeys `::add-mask::` and takes it off the log. */
function asTheRunnerShows(printed: string): { log: string; masked?: string[] } {
	const masked: string[] = [];
	const log = printed.replace(/^::add-mask::(.*)\n/gm, (_, secret: string) => {
		masked.push(digestOf(secret));
		return '';
	});
	return { log, masked };
}

async function readOr(file: string, otherwise: string): Promise<string> {
	return existsSync(file) ? await readFile(file, 'utf8') : otherwise;
}

/** `name<<delimiter`, lines, `delimiter`: as the runner reads GITHUB_OUTPUT. */
function parseGithubOutputs(text: string): Record<string, string> {
	const outputs: Record<string, string> = {};
	for (const match of text.matchAll(/^([^\n]+?)<<([^\n]+)\n(?:([\s\S]*?)\n)??\2$/gm))
		outputs[match[1] ?? ''] = match[3] ?? '';
	return outputs;
}
