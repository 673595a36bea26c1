import { execFile } from 'node:child_process';
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
				const options = { cwd: folder, env: { ...environment }, signal, maxBuffer: 16 << 20 };
				execFile('sh', ['-c', command], options, (error, stdout, stderr) => {
					if (error === null) return resolve();
					const lines = `${stdout}${stderr}`.trim().split('\n').slice(-10).join('\n');
					reject(
						new Failure(`it ended with ${error.code ?? error.signal}${lines ? `: ${lines}` : ''}`, {
							cause: error,
						}),
					);
				});
			}),
	};
}
