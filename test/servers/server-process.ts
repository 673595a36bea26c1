import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { Failure, messageOf } from '../../shared/failure/failure.ts';

const run = promisify(execFile);

/** A server in a process group of its own. */
export interface ServerProcess {
	pid: number;
	/** Ends it and removes its folder. */
	stop(): Promise<void>;
	/** Lets it live on when this process ends. */
	release(): void;
}

interface Launch {
	/** as `Gitea 1.26.0` */
	title: string;
	command: string;
	arguments: readonly string[];
	/** where all its files are; also its home: of our environment it gets PATH alone */
	folder: string;
	/** variables besides PATH and HOME */
	environment?: Readonly<Record<string, string>>;
	logFile: string;
	isReady: () => Promise<boolean>;
}

const readyTimeout = 120_000;
const pollInterval = 50;

/** Starts a server and waits until it is ready. It ends with this process, however that ends. */
export async function launch(options: Launch): Promise<ServerProcess> {
	const log = openSync(options.logFile, 'a', 0o600);
	const child = spawn(options.command, options.arguments, {
		cwd: options.folder,
		detached: true,
		env: { PATH: process.env.PATH, HOME: options.folder, ...options.environment },
		stdio: ['ignore', log, log],
	});
	closeSync(log);
	let end: string | undefined;
	child.once('exit', (code, signal) => {
		end = `ended with ${signal ?? `exit code ${code}`}`;
	});
	child.once('error', (error) => {
		end = `could not be started: ${error.message}`;
	});
	child.unref();
	const { pid } = child;
	if (pid !== undefined) {
		endWithThisProcess(pid, options.folder);
	}
	for (const begin = Date.now(); ; await sleep(pollInterval)) {
		if (Date.now() - begin > readyTimeout) {
			end ??= `was not ready within ${readyTimeout / 1000} s`;
		}
		if (end !== undefined) {
			const lines = await lastLines(options.logFile);
			if (pid !== undefined) {
				await stopServer(pid, options.folder);
			}
			throw new Failure(`${options.title} ${end}; its log ends with:\n${lines}`);
		}
		if (pid !== undefined && (await options.isReady())) {
			return {
				pid,
				stop: () => stopServer(pid, options.folder),
				release: () => void ours.delete(pid),
			};
		}
	}
}

async function lastLines(file: string): Promise<string> {
	return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-15).join('\n');
}

const patience = 5_000;

/** Ends a server and all that it has started, first kindly, then not, and removes its folder. */
export async function stopServer(pid: number, folder: string): Promise<void> {
	for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
		signalGroup(pid, signal);
		// not for ever: where nobody reaps orphans, a dead process stays visible
		for (const begin = Date.now(); isAlive(pid) && Date.now() - begin < patience; ) {
			await sleep(pollInterval);
		}
	}
	ours.delete(pid);
	await rm(folder, removal);
}

const removal = { recursive: true, force: true, maxRetries: 5 } as const;

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
	try {
		return process.kill(-pid, signal);
	} catch {
		return false; // it is gone
	}
}

function isAlive(pid: number): boolean {
	return signalGroup(pid, 0);
}

/** What the process was started with; '' when there is none. */
export async function commandLine(pid: number): Promise<string> {
	try {
		return await readFile(`/proc/${pid}/cmdline`, 'utf8');
	} catch {
		// no such process, or no such folder, as on macOS
	}
	return run('ps', ['-o', 'command=', '-p', String(pid)]).then(
		({ stdout }) => stdout,
		() => '',
	);
}

/** The folders of the servers that end with this process, by the servers' pids. */
const ours = new Map<number, string>();
let listening = false;

function endWithThisProcess(pid: number, folder: string): void {
	ours.set(pid, folder);
	if (listening) {
		return;
	}
	listening = true;
	process.once('exit', () => {
		for (const server of ours.keys()) {
			signalGroup(server, 'SIGKILL');
		}
		for (const files of ours.values()) {
			rmSync(files, removal);
		}
	});
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.once(signal, () => {
			if (process.listenerCount(signal) === 0) {
				process.exit(128 + constants.signals[signal]);
			}
		});
	}
}

/**
 * Calls `start` with the first of `count` neighbouring ports on which nobody listens, and again
 * with others when somebody was quicker in taking one.
 */
export async function onFreePorts<Result>(
	count: number,
	start: (port: number) => Promise<Result>,
): Promise<Result> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await start(await findFreePorts(count));
		} catch (error) {
			if (attempt === 3 || !messageOf(error).includes('address already in use')) {
				throw error;
			}
		}
	}
}

async function findFreePorts(count: number): Promise<number> {
	for (;;) {
		// below 32768, where Linux begins to give ports to outgoing connections
		const first = randomInt(20_000, 32_768 - count);
		const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
		if (free.every(Boolean)) {
			return first;
		}
	}
}

function isFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
