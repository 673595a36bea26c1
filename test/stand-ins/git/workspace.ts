import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanGitEnvironment } from './git.ts';

export interface CommandResult {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** A folder in which a test works as a person or another program would: with plain git. */
export class Workspace {
	readonly folder: string;

	constructor(folder: string) {
		this.folder = folder;
	}

	/** Runs git in the folder (or below it) and returns whatever came of it. */
	async try(args: readonly string[], below = ''): Promise<CommandResult> {
		const identity = { name: 'Dev', email: 'dev@example.com' };
		const child = spawn('git', args, {
			cwd: join(this.folder, below),
			env: {
				...cleanGitEnvironment(),
				GIT_AUTHOR_NAME: identity.name,
				GIT_AUTHOR_EMAIL: identity.email,
				GIT_COMMITTER_NAME: identity.name,
				GIT_COMMITTER_EMAIL: identity.email,
			},
		});
		let stdout = '';
		let stderr = '';
		child.stdout.on('data', (chunk: Buffer) => {
			stdout += chunk.toString();
		});
		child.stderr.on('data', (chunk: Buffer) => {
			stderr += chunk.toString();
		});
		child.stdin.end();
		const code = await new Promise<number>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (status) => resolve(status ?? -1));
		});
		return { code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
	}

	/** Runs git and returns what it printed; throws when it fails. */
	async git(args: readonly string[], below = ''): Promise<string> {
		const { code, stdout, stderr } = await this.try(args, below);
		if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
		return stdout;
	}

	async remove(): Promise<void> {
		await rm(this.folder, { recursive: true, force: true });
	}
}

export async function createWorkspace(): Promise<Workspace> {
	return new Workspace(await mkdtemp(join(tmpdir(), 'workspace-')));
}

/** The address with a token in it: for tests and fixtures only, never for a step. */
export function withToken(url: string, token: string): string {
	const address = new URL(url);
	address.username = 'x-access-token';
	address.password = token;
	return address.href;
}
