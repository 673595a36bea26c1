import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Exchange } from './exchange.ts';
import { cleanGitEnvironment } from './git.ts';

export interface BackendRequest {
	/** The folder of the bare repositories. */
	readonly projectRoot: string;
	/** The request's path below that folder, for example `/acme/app.git/info/refs`. */
	readonly pathInfo: string;
	/** Who pushes or fetches; without it receive-pack is refused by git itself. */
	readonly user: string | undefined;
	/** More variables, for the repository's hooks. */
	readonly env?: Record<string, string>;
}

/** Started without the `git` before it, which is a process more for each request. */
const program = join(execFileSync('git', ['--exec-path']).toString().trim(), 'git-http-backend');

/**
 * Answers one request by `git http-backend`, git's own server, run as a CGI program (RFC 3875).
 * `beforeEnd` is awaited when git is done and before the client sees the end of the answer.
 */
export async function runHttpBackend(
	exchange: Exchange,
	backend: BackendRequest,
	beforeEnd: () => Promise<void>,
): Promise<void> {
	const { request, record } = exchange;
	const child = spawn(program, { env: cgiEnvironment(exchange, backend) });
	request.on('data', (chunk: Buffer) => {
		record.bytesUp += chunk.length;
		if (!child.stdin.write(chunk)) request.pause();
	});
	child.stdin.on('drain', () => request.resume());
	// git stops reading when it refuses; what it says then is in its answer.
	child.stdin.on('error', () => request.resume());
	request.on('end', () => child.stdin.end());
	request.on('close', () => child.stdin.end());
	child.stderr.resume();

	let head: Buffer | undefined = Buffer.of();
	child.stdout.on('data', (chunk: Buffer) => {
		if (head === undefined) {
			exchange.write(chunk);
			return;
		}
		head = Buffer.concat([head, chunk]);
		const end = head.indexOf('\r\n\r\n');
		if (end === -1) return;
		const { status, headers } = parseCgiHead(head.subarray(0, end).toString());
		const rest = head.subarray(end + 4);
		head = undefined;
		exchange.start(status, headers);
		if (rest.length > 0) exchange.write(rest);
	});
	await new Promise<void>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', () => resolve());
	});
	await beforeEnd();
	if (exchange.started) exchange.end();
	else exchange.answer(500, {}, 'git http-backend gave no answer');
}

function cgiEnvironment(exchange: Exchange, backend: BackendRequest): Record<string, string> {
	const { headers, method, url } = exchange.request;
	const protocol = headers['git-protocol'];
	return {
		...cleanGitEnvironment(),
		...backend.env,
		GIT_PROJECT_ROOT: backend.projectRoot,
		GIT_HTTP_EXPORT_ALL: '1',
		GATEWAY_INTERFACE: 'CGI/1.1',
		REQUEST_METHOD: method ?? 'GET',
		PATH_INFO: backend.pathInfo,
		QUERY_STRING: url?.split('?')[1] ?? '',
		REMOTE_ADDR: '127.0.0.1',
		...(backend.user === undefined ? {} : { REMOTE_USER: backend.user }),
		CONTENT_TYPE: headers['content-type'] ?? '',
		// Absent for a chunked body: git then reads to the end of its input.
		...(headers['content-length'] ? { CONTENT_LENGTH: headers['content-length'] } : {}),
		...(headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: headers['content-encoding'] } : {}),
		...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
	};
}

function parseCgiHead(head: string): { status: number; headers: Record<string, string> } {
	let status = 200;
	const headers: Record<string, string> = {};
	for (const line of head.split('\r\n')) {
		const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
		if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
		else headers[name.toLowerCase()] = value;
	}
	return { status, headers };
}
