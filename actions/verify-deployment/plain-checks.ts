import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Failure, messageOf } from '../../shared/failure/failure.ts';
import type { Check } from './checks.ts';

/** Whether a TCP port takes connections. */
export function tcpCheck({ hostname, port, host }: URL): Check {
	return {
		kind: 'tcp',
		name: `TCP ${host}`,
		run: (signal) =>
			new Promise((resolve, reject) => {
				const socket = connect({
					host: hostname.replace(/^\[(.*)\]$/, '$1'),
					port: Number(port),
					signal,
				});
				socket.once('connect', () => {
					socket.destroy();
					resolve();
				});
				socket.once('error', (error) =>
					reject(new Failure(`it takes no connection: ${messageOf(error)}`, { cause: error })),
				);
			}),
	};
}

/** Whether a shell command ends with 0. */
export function commandCheck(
	command: string,
	{
		environment,
		folder,
	}: { environment: Readonly<Record<string, string | undefined>>; folder: string },
): Check {
	return {
		kind: 'command',
		name: command.trim().split('\n')[0] ?? '',
		run: (signal) =>
			new Promise((resolve, reject) => {
				const child = spawn('sh', ['-c', command], {
					cwd: folder,
					env: { ...environment },
					stdio: ['ignore', 'pipe', 'pipe'],
					// A group of its own: what the shell has started is ended with it.
					detached: true,
				});
				let wrote = '';
				const keep = (chunk: string) => {
					wrote = (wrote + chunk).slice(-longestOutput);
				};
				for (const stream of [child.stdout, child.stderr])
					stream.setEncoding('utf8').on('data', keep);
				const end = () => {
					if (child.pid !== undefined) killGroup(child.pid);
					reject(signal.reason);
				};
				signal.addEventListener('abort', end, { once: true });
				child.once('error', (error) =>
					reject(new Failure(`it cannot be started: ${messageOf(error)}`, { cause: error })),
				);
				child.once('close', (code, ended) => {
					signal.removeEventListener('abort', end);
					if (code === 0) return resolve();
					const lines = wrote.trim().split('\n').slice(-10).join('\n');
					reject(new Failure(`it ended with ${code ?? ended}${lines ? `: ${lines}` : ''}`));
				});
			}),
	};
}

/** Characters of what a command writes that are kept. */
const longestOutput = 10_000;

function killGroup(pid: number): void {
	try {
		process.kill(-pid, 'SIGKILL');
	} catch {
		// it has ended by itself
	}
}
