import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueCertificate } from '../stand-ins/kubernetes/authority.ts';
import { commandLine, type Values } from './fronts.ts';
import { log } from './rolling-deploy-run.ts';
import { failures, verifyIn } from './verify-deployment-run.ts';

let workspace: string;
beforeEach(async () => {
	workspace = await mkdtemp(join(tmpdir(), 'verify-deployment-'));
});
afterEach(() => rm(workspace, { recursive: true }));

const verify = (inputs: Values) => verifyIn(workspace, inputs);

describe('without a cluster', () => {
	let server: Server;
	let asked: string[];
	let url: string;
	beforeEach(async () => {
		asked = [];
		server = createServer(({ url, headers }, response) => {
			asked.push(`${url} ${headers.authorization ?? ''}`.trim());
			response.statusCode = asked.length < 3 ? 502 : 200;
			response.end('ready');
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});
	test('an address is asked until it answers as it has to', async () => {
		const run = await verify({ url: `http://ci:horse@${url}/x?y=1`, attempts: '3' });
		expect(run.exitCode, log(run)).toBe(0);
		const login = Buffer.from('ci:horse').toString('base64');
		expect(asked).toEqual(new Array(3).fill(`/x?y=1 Basic ${login}`));
		expect(log(run)).toContain('passed at attempt 3');
		expect(log(run)).not.toContain('horse');
	});

	test('it is asked as often as attempts says, and no more', async () => {
		const run = await verify({ url: `http://${url}/` });
		expect(run.exitCode).toBe(1);
		expect(asked).toHaveLength(2);
	});

	test('a TCP port takes a connection, or none', async () => {
		expect(await verify({ url: `tcp://${url}` })).toMatchObject({ exitCode: 0 });
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		const run = await verify({ url: `tcp://${url}` });
		expect(failures(run)).toEqual([expect.stringMatching(/takes no connection: .*ECONNREFUSED/)]);
	});

	test('a command holds where it ends with 0, and tells what it wrote where not', async () => {
		expect(await verify({ command: 'test -d .' })).toMatchObject({
			exitCode: 0,
		});
		const run = await verify({ command: 'echo no luck >&2; exit 4' });
		expect(failures(run)).toEqual(['it ended with 4: no luck']);
	});

	test('an attempt that hangs is ended', async () => {
		const run = await verify({ command: 'sleep 60', 'check-timeout': '0.2s' });
		expect(failures(run)).toEqual(['it took longer than 0.2 s']);
	});

	test.each([
		['and what it has started', '(sleep 60; true)'],
		['and what it leaves behind', 'sleep 60 & sleep 61'],
	])('an attempt that hangs is ended, %s', async (_what, command) => {
		const run = await verify({ command, 'check-timeout': '0.2s' });
		expect(failures(run)).toEqual(['it took longer than 0.2 s']);
	});

	test('a command may write more than anybody reads', async () => {
		const command = 'yes | head -c 50000000; echo the end; exit 1';
		const run = await verify({ command, attempts: '1' });
		expect(failures(run)).toEqual([expect.stringMatching(/^it ended with 1: (y\n)+the end$/)]);
	});

	test('a run that is out of time tells what did not hold until then', async () => {
		const run = await verify({
			command: 'echo no luck; exit 1',
			attempts: '1000',
			timeout: '1s',
		});
		expect(run.exitCode, log(run)).toBe(3);
		expect(run.outputs.verified).toBe('false');
		expect(failures(run)).toEqual(['it ended with 1: no luck']);
		expect(log(run)).toMatch(/Not done within 1 s; .*: it ended with 1: no luck/);
	});

	test('the results are a JUnit file, which holds what failed and no control characters', async () => {
		const run = await verify({ command: "printf 'a\\033<b>\"&\\nc'; exit 1\ntrue" });
		expect(run.exitCode).toBe(1);
		const xml = await readFile(join(workspace, '.lockstep/verify-deployment.xml'), 'utf8');
		expect(xml).toContain('<testsuite name="verify-deployment" tests="2" failures="1"');
		expect(xml).toMatch(
			/<testcase classname="verify-deployment\.command" name="true" time="[\d.]+"\/>/,
		);
		expect(xml).toContain(
			'<failure message="it ended with 1: a\ufffd&lt;b&gt;&quot;&amp;&#10;c"/>',
		);
	});
});

describe('an answer that nobody expects', () => {
	let server: Server;
	let url: string;
	let asked: string[];
	const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
		'/moved': (response) =>
			response.writeHead(302, { location: 'https://login.example.com/' }).end(),
		'/endless': (response) => {
			const more = () => {
				while (response.write('x'.repeat(100_000)));
			};
			response.on('drain', more);
			more();
		},
		'/silent': () => undefined,
		'/slow': (response) => response.write('{'),
		'/broken': (response) => response.write('{', () => response.destroy()),
		'/cut': (response) => response.end('{"status": "ok"'),
		'/list': (response) => response.end('[null, {"status": {"db": null}}]'),
		'/aaa': (response) => response.end(`${'a'.repeat(50)}!`),
		'/garbage': (response) => response.socket?.end('this is no HTTP\r\n\r\n'),
	};
	beforeEach(async () => {
		asked = [];
		server = createServer(({ url = '' }, response) => {
			asked.push(url);
			answers[url]?.(response);
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	});
	afterEach(() => {
		server.closeAllConnections();
		server.close();
	});

	test.each<[string, Values, RegExp]>([
		['/moved', {}, /^the status is 302 \(to https:\/\/login\.example\.com\/\), not 2xx/],
		['/endless', {}, /^the answer is longer than 10 MB/],
		['/silent', {}, /^it took longer than 1 s/],
		['/slow', {}, /^it took longer than 1 s/],
		['/broken', {}, /got no answer: /],
		['/cut', { 'expect-json': 'status=ok' }, /^the body is no JSON: \{"status": "ok"$/],
		['/list', { 'expect-json': 'status=ok' }, /^the body has no status: /],
		['/list', { 'expect-json': '[0].status=ok' }, /^the body has no \[0\]\.status/],
		['/list', { 'expect-json': '[1].status.db=up' }, /^\[1\]\.status\.db is null, not up$/],
		['/garbage', {}, /got no answer: /],
	])('%s %j fails with what it is', async (path, inputs, reason) => {
		const run = await verify({
			url: url + path,
			'check-timeout': '1s',
			attempts: '1',
			...inputs,
		});
		expect(run.exitCode, log(run)).toBe(1);
		expect(failures(run)).toEqual([expect.stringMatching(reason)]);
	});

	test('is not searched for years: the pattern is bad input', { timeout: 20_000 }, async () => {
		const pattern = { url: `${url}/aaa`, 'expect-body': '/^(a+)+$/' };
		const run = await verify(pattern);
		expect(run.exitCode, log(run)).toBe(2);
		expect(log(run)).toMatch(
			/--expect-body: \/\^\(a\+\)\+\$\/ takes longer than 5 s in the answer/,
		);
		expect(asked).toEqual(['/aaa']);
	});

	test('is what was expected', async () => {
		for (const inputs of [
			{ url: `${url}/moved`, 'expect-status': '302' },
			{ url: `${url}/list`, 'expect-json': '[1].status={"db":null}\n[0]=null' },
		] as Values[]) {
			const run = await verify({ attempts: '1', ...inputs });
			expect(run.exitCode, log(run)).toBe(0);
		}
	});
});

describe('a server whose authority is its own', () => {
	const servers: Server[] = [];
	afterEach(() => {
		for (const server of servers.splice(0)) {
			server.closeAllConnections();
			server.close();
		}
	});

	/** Its address, and the file of its authority. */
	async function serve(name: string): Promise<{ url: string; ca: string }> {
		const { ca, ...own } = await issueCertificate();
		const server = createTlsServer(own, (_request, response) => response.end('ready'));
		servers.push(server);
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		await writeFile(join(workspace, name), ca);
		return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, ca };
	}

	test('is asked by that authority, or unchecked, where that is asked for', async () => {
		const { url, ca } = await serve('ca.pem');
		const refused = await verify({ url, attempts: '1' });
		expect(refused.exitCode).toBe(1);
		expect(failures(refused)).toEqual([expect.stringMatching(/give the server's authority/)]);
		for (const inputs of [
			{ 'ca-certificate': 'ca.pem' },
			{ 'ca-certificate': ca },
			{ 'skip-verify': 'true' },
		] as Values[]) {
			const run = await verify({ url, attempts: '1', ...inputs });
			expect(run.exitCode, log(run)).toBe(0);
		}
	});

	test('stands beside those that are trusted anyway', async () => {
		const [own, trusted] = [await serve('own.pem'), await serve('trusted.pem')];
		const inputs = { url: `${own.url}\n${trusted.url}`, 'ca-certificate': 'own.pem' };
		const run = await verifyIn(workspace, inputs, (situation, given) => {
			const { env, ...front } = commandLine(situation, given);
			const trust = { NODE_EXTRA_CA_CERTS: join(workspace, 'trusted.pem') };
			return { ...front, env: { ...env, ...trust } };
		});
		expect(run.exitCode, log(run)).toBe(0);
	});
});
