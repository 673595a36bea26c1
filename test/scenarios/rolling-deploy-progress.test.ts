import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../stand-ins/kubernetes/cluster.ts';
import { deploy, deployment, log } from './rolling-deploy-run.ts';

const bundle = join(import.meta.dirname, '../../dist/rolling-deploy/index.js');
let cluster: Cluster;
beforeEach(async () => {
	cluster = await startCluster({ behaviour: async () => ({ kind: 'ready', after: 30 }) });
});
afterEach(() => cluster.close());

/** The step at a terminal: util-linux' `script` runs a command in one. */
async function atTerminal(manifests: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
	const cwd = await mkdtemp(join(tmpdir(), 'terminal-'));
	try {
		await writeFile(join(cwd, 'k.yaml'), manifests);
		await writeFile(join(cwd, 'kubeconfig'), cluster.kubeconfig());
		const command = `${process.execPath} ${bundle} --manifests=k.yaml --kubeconfig=kubeconfig --stable-for=0.1s`;
		const child = spawn('script', ['-qec', command, '/dev/null'], {
			cwd,
			env: { PATH: process.env.PATH, ...env },
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		return (await text(child.stdout)).replaceAll('\x1b', '<esc>').replaceAll('\r', '');
	} finally {
		await rm(cwd, { recursive: true });
	}
}

test('a terminal shows in one place how far a rollout is, and keeps how it ended', async () => {
	const shown = await atTerminal(deployment('acme/web:1'));
	expect(shown).toMatch(
		/\nDeployment\/web: \d of 2 updated, .* \(\d+ s\)[^\n]*\n<esc>\[1A<esc>\[0J/,
	);
	expect(shown).toMatch(/<esc>\[0JDeployment\/web: 2 of 2 updated, 2 ready, 2 available\n/);
	expect(shown).toMatch(/<esc>\[0JDeployed: 1 object, all ready/);
});

test('the terminal of a CI is a log', async () => {
	const shown = await atTerminal(deployment('acme/web:1'), { CI: 'true' });
	expect(shown).toMatch(/\nDeployment\/web: 2 of 2 updated, 0 ready, 0 available\n/);
	expect(shown).not.toContain('<esc>[0J');
});

test('a log gets a line for each change, and no codes of a terminal', async () => {
	const run = await deploy(cluster, deployment('acme/web:1'));
	expect(log(run)).toMatch(/Deployment\/web: 2 of 2 updated, 0 ready, 0 available\n/);
	expect(log(run)).toMatch(/Deployment\/web: 2 of 2 updated, 2 ready, 2 available\n/);
	expect(log(run)).not.toContain('\x1b');
});
