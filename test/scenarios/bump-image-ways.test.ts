import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTlsFront, type TlsFront } from '../stand-ins/git/tls-front.ts';
import { deployment, Infra, repository } from './infra.ts';

const image = 'ghcr.io/acme/api';
let infra: Infra;
let version = 1;
beforeAll(async () => {
	infra = await Infra.start({ 'apps/api.yaml': deployment(`${image}:v1`) });
});
beforeEach(() => {
	version++;
});
afterAll(() => infra.close());

async function expectPushed(inputs: Record<string, string | undefined>): Promise<void> {
	const run = await infra.bump({ tag: `v${version}`, ...inputs });
	expect(run, run.stderr).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } });
	expect(await infra.file('apps/api.yaml')).toBe(deployment(`${image}:v${version}`));
}

async function expectRefused(
	inputs: Record<string, string | undefined>,
	message: RegExp,
): Promise<void> {
	const run = await infra.bump({ tag: `v${version}`, ...inputs });
	expect(run.stderr).toMatch(message);
	expect(run.exitCode).toBe(1);
}

describe('over https', () => {
	let front: TlsFront;
	let url: string;
	beforeAll(async () => {
		front = await startTlsFront(infra.server.url);
		url = `${front.url}/${repository}.git`;
	});
	afterAll(() => front.close());

	test("the server's authority as text", () =>
		expectPushed({ repository: url, 'ca-certificate': front.ca }));

	test("the server's authority as a file", async () => {
		const folder = await mkdtemp(join(tmpdir(), 'authority-'));
		await writeFile(join(folder, 'ca.pem'), front.ca);
		await expectPushed({ repository: url, 'ca-certificate': join(folder, 'ca.pem') });
		await rm(folder, { recursive: true });
	});

	test('skip-verify takes any certificate', () =>
		expectPushed({ repository: url, 'skip-verify': 'true' }));

	test('an unknown authority is told as one', () =>
		expectRefused(
			{ repository: url },
			/The certificate of 127\.0\.0\.1:\d+ is not to be trusted \(.*\); give the server's authority with ca-certificate/,
		));

	test('an expired certificate is told as one', async () => {
		const old = await startTlsFront(infra.server.url, { expired: true });
		await expectRefused(
			{ repository: `${old.url}/${repository}.git`, 'ca-certificate': old.ca },
			/The certificate of 127\.0\.0\.1:\d+ (has expired|is not to be trusted)/,
		);
		await old.close();
	});
});
