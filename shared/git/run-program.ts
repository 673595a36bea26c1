import { spawn } from 'node:child_process';

/** Variables of a process, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface ProgramOptions {
	readonly folder: string;
	readonly variables: Variables;
	readonly signal: AbortSignal;
	readonly input?: string | Uint8Array;
}

export interface ProgramResult {
	/** -1 where a signal ended it. */
	readonly code: number;
	readonly stdout: Buffer;
	readonly stderr: string;
}

/**
 * Runs a program to its end and hands over whatever came of it. Ended early by the signal,
 * it ends with all its helpers.
 * @throws what `spawn` says where the program cannot be started; the signal's reason.
 */
export async function runProgram(
	program: string,
	args: readonly string[],
	{ folder, variables, signal, input = '' }: ProgramOptions,
): Promise<ProgramResult> {
	signal.throwIfAborted();
	const child = spawn(program, args, {
		cwd: folder,
		env: { ...variables },
		// A group of its own, for git has helpers (git-remote-https, ssh) that must end with it.
		detached: true,
	});
	const kill = (name: NodeJS.Signals) => {
		try {
			if (child.pid !== undefined) process.kill(-child.pid, name);
		} catch {
			// It has ended meanwhile.
		}
	};
	let killTimer: NodeJS.Timeout | undefined;
	const end = () => {
		kill('SIGTERM');
		killTimer = setTimeout(() => kill('SIGKILL'), 2000);
	};
	signal.addEventListener('abort', end, { once: true });
	const stdout: Buffer[] = [];
	const stderr: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
	// A program that ends before it has read everything closes the pipe; its exit code tells why.
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	try {
		const code = await new Promise<number>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (status) => resolve(status ?? -1));
		});
		signal.throwIfAborted();
		return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
	} finally {
		signal.removeEventListener('abort', end);
		clearTimeout(killTimer);
	}
}

/** Whether a program could not be started since it is not on the PATH. */
export function isMissing(error: unknown): boolean {
	return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
