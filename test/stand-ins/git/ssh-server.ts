import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import { cleanGitEnvironment } from './git.ts';

export interface SshServer {
	/** `ssh://git@127.0.0.1:port` and the repository's path on this machine. */
	cloneUrl(path: string): string;
	/** Text of the private key that may come in. */
	readonly clientKey: string;
	/** A line for known_hosts with the server's own key. */
	readonly knownHosts: string;
	/** The commands that were asked for. */
	readonly commands: string[];
	close(): Promise<void>;
}

/** Starts an ssh server on 127.0.0.1 that lets one key in, and runs git's two programs for it. */
export async function startSshServer(): Promise<SshServer> {
	const host = ssh2.utils.generateKeyPairSync('ed25519');
	const client = ssh2.utils.generateKeyPairSync('ed25519');
	const commands: string[] = [];
	const server = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
		connection.on('error', () => undefined);
		connection.on('authentication', (login) => {
			if (login.method === 'publickey' && isKey(login.key, client.public)) login.accept();
			else login.reject(['publickey']);
		});
		connection.on('session', (accept) => {
			const session = accept();
			session.on('env', (acceptEnv) => acceptEnv?.());
			session.on('exec', (acceptExec, reject, { command }) => {
				commands.push(command);
				const [, program, path] = /^(git-(?:upload|receive)-pack) '([^']+)'$/.exec(command) ?? [];
				if (program === undefined || path === undefined) return reject();
				const channel = acceptExec();
				const git = spawn(program, [path], { env: cleanGitEnvironment() });
				channel.pipe(git.stdin);
				git.stdin.on('error', () => undefined);
				git.stdout.pipe(channel, { end: false });
				git.stderr.pipe(channel.stderr, { end: false });
				git.once('close', (code) => {
					channel.exit(code ?? 1);
					channel.end();
				});
			});
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		cloneUrl: (path) => `ssh://git@127.0.0.1:${port}${path}`,
		clientKey: client.private,
		knownHosts: `[127.0.0.1]:${port} ${host.public}`,
		commands,
		close: () => new Promise((resolve) => server.close(() => resolve())),
	};
}

function isKey(offered: { algo: string; data: Buffer }, allowed: string): boolean {
	const [algorithm, base64 = ''] = allowed.split(' ');
	return offered.algo === algorithm && offered.data.equals(Buffer.from(base64, 'base64'));
}
