/**
 * `npm run servers -- start|stop|status [gitea] [kubernetes]`: real servers for work by hand. What
 * `start` prints on stdout is for the shell: `eval "$(npm run -s servers -- start)"`.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';

import { badInput, Failure } from '../../shared/failure/failure.ts';
import { cacheFolder } from './build.ts';
import { withLock } from './lock.ts';
import { commandLine, stopServer } from './server-process.ts';
import type { ServerName } from './start.ts';
import { serverKinds, serverNames, startServer } from './start.ts';

const usage = `usage: npm run servers -- start|stop|status [${serverNames.join('] [')}]`;

/** Its folder, run/NAME, holds a running server's files and this record of it. */
const recordName = 'running.json';
const record = z.object({ pid: z.int(), variables: z.record(z.string(), z.string()) });
type Running = z.infer<typeof record>;

const { XDG_STATE_HOME } = process.env;
const runFolder = join(XDG_STATE_HOME ? join(XDG_STATE_HOME, 'lockstep') : cacheFolder(), 'run');

function folderOf(name: ServerName): string {
	return join(runFolder, name);
}

/** The server that an earlier `start` has left running. */
async function find(name: ServerName): Promise<Running | undefined> {
	const text = await readFile(join(folderOf(name), recordName), 'utf8').catch(() => undefined);
	if (text === undefined) {
		return undefined;
	}
	const running = z.parse(record, JSON.parse(text));
	// a pid is given anew in time; the folder tells whether the process is still the one
	return (await commandLine(running.pid)).includes(folderOf(name)) ? running : undefined;
}

async function start(name: ServerName): Promise<void> {
	let running = await find(name);
	if (running === undefined) {
		const folder = async () => {
			await rm(folderOf(name), { recursive: true, force: true });
			await mkdir(folderOf(name), { recursive: true, mode: 0o700 });
			return folderOf(name);
		};
		const server = await startServer<unknown>(serverKinds[name], folder, console.error);
		if (server.process) {
			const { pid } = server.process;
			running = { pid, variables: server.variables };
			await writeFile(join(folderOf(name), recordName), JSON.stringify(running), { mode: 0o600 });
			server.process.release();
		}
	} else {
		console.error(`${name}: is running already.`);
	}
	for (const [variable, value] of Object.entries(running?.variables ?? {})) {
		console.log(`export ${variable}='${value}'`);
	}
}

async function stop(name: ServerName): Promise<void> {
	const running = await find(name);
	if (running === undefined) {
		console.error(`${name}: is not running.`);
		return;
	}
	await stopServer(running.pid, folderOf(name));
	console.error(`${name}: stopped.`);
}

async function status(name: ServerName): Promise<void> {
	const running = await find(name);
	console.log(running ? `${name}: runs with pid ${running.pid}` : `${name}: is not running`);
	for (const [variable, value] of Object.entries(running?.variables ?? {})) {
		console.log(`  ${variable}=${value}`);
	}
}

const commands = { start, stop, status };

async function main([command = '', ...names]: string[]): Promise<void> {
	if (!isKey(commands, command)) {
		throw badInput(
			`${command ? `There is no command ${command}` : 'A command is missing'}; ${usage}`,
		);
	}
	const known = names.filter((name) => isKey(serverKinds, name));
	const unknown = names.find((name) => !isKey(serverKinds, name));
	if (unknown !== undefined) {
		throw badInput(`There is no server ${unknown}; ${usage}`);
	}
	await mkdir(runFolder, { recursive: true });
	await withLock(
		join(runFolder, 'lock'),
		() => console.error('Waiting for another `servers` command.'),
		async () => {
			for (const name of known.length > 0 ? known : serverNames) {
				await commands[command](name);
			}
		},
	);
}

function isKey<Table extends object>(table: Table, key: PropertyKey): key is keyof Table {
	return Object.hasOwn(table, key);
}

try {
	await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof Failure)) {
		throw error;
	}
	console.error(error.message);
	process.exitCode = error.exitCode;
}
