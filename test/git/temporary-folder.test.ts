import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const program = join(import.meta.dirname, '../../shared/git/temporary-folder.ts');

let parent: string;
beforeEach(async () => {
	parent = await mkdtemp(join(tmpdir(), 'temporary-'));
});
afterEach(() => rm(parent, { recursive: true }));

/** A process that has made its folder, and ends in a way of its own when it is told to. */
async function start(atEnd: string) {
	const code = `
		const { temporaryFolder } = await import(${JSON.stringify(program)});
		const folder = await temporaryFolder();
		console.log(folder.path);
		process.stdin.once('data', async () => { ${atEnd} });`;
	const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
		env: { PATH: process.env.PATH, TMPDIR: parent },
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const [path] = await once(child.stdout, 'data');
	return {
		name: basename(String(path).trim()),
		async end(signal?: NodeJS.Signals) {
			const closed = once(child, 'close');
			if (signal) child.kill(signal);
			else child.stdin.end('end\n');
			await closed;
		},
	};
}

const removing = 'await folder.remove(); process.exit(0)';

describe('a temporary folder', () => {
	test('goes with its process, also with one that forgets it', async () => {
		for (const atEnd of [removing, 'process.exit(1)']) await (await start(atEnd)).end();
		expect(await readdir(parent)).toEqual([]);
	});

	test('of a process that was killed is removed by the next one, that of a running one is not', async () => {
		const killed = await start(removing);
		await killed.end('SIGKILL');
		expect(await readdir(parent)).toEqual([killed.name]);
		const running = await start(removing);
		await (await start(removing)).end();
		expect(await readdir(parent)).toEqual([running.name]);
		await running.end();
	});

	test("is no other process's because that one has the same number", async () => {
		const running = await start(removing);
		const [, machine, pid] = running.name.split('-');
		await mkdir(join(parent, `lockstep-${machine}-${pid}-1-AbCdEf`));
		await (await start(removing)).end();
		expect(await readdir(parent)).toEqual([running.name]);
		await running.end();
	});

	test('of another container is left for a week, as is one that does not tell', async () => {
		const ours = ['lockstep-0.1-1-1-new', 'lockstep-new', 'lockstep-0.1-1-1-old', 'lockstep-old'];
		for (const name of [...ours, 'of-another-program']) await mkdir(join(parent, name));
		const old = Date.now() / 1000 - 8 * 24 * 60 * 60;
		for (const name of ['lockstep-0.1-1-1-old', 'lockstep-old', 'of-another-program'])
			await utimes(join(parent, name), old, old);
		await (await start(removing)).end();
		expect((await readdir(parent)).sort()).toEqual([
			'lockstep-0.1-1-1-new',
			'lockstep-new',
			'of-another-program',
		]);
	});
});
