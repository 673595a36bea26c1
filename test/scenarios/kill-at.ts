/**
 * Loaded into a step by `--import`, ends it by SIGKILL at one of the moments at which something
 * outside of the process changes: before a file is written, made, moved or removed, when half of
 * its content stands there, before a program is started, and when it has ended. KILL_AT says at
 * which, counted from 1.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';

let left = Number(process.env.KILL_AT);

function moment(): void {
	if (--left === 0) process.kill(process.pid, 'SIGKILL');
}

type Call = (...args: unknown[]) => unknown;

/** Puts a call in the place of one that a module has. */
function replace(module: object, name: string, by: (original: Call) => Call): void {
	const calls = module as Record<string, Call>;
	const original = calls[name];
	if (original === undefined) throw new Error(`node has no ${name}`);
	calls[name] = by(original);
}

const { openSync, writeSync } = fs;

/** Leaves half of a content and ends, as a process does that is ended while it writes. */
function whileWriting(file: unknown, content: unknown, flags: string): void {
	if (left === 1) {
		const bytes = Buffer.from(content as string | Uint8Array);
		writeSync(openSync(file as string, flags), bytes.subarray(0, bytes.length / 2));
	}
	moment();
}

const changing = [
	'mkdir',
	'mkdtemp',
	'rename',
	'rm',
	'unlink',
	'rmdir',
	'chmod',
	'symlink',
	'link',
];
for (const [module, ending] of [
	[fs, 'Sync'],
	[fs.promises, ''],
] as const) {
	for (const name of changing)
		replace(module, `${name}${ending}`, (original) => (...args) => {
			moment();
			return original(...args);
		});
	for (const [name, flags] of [
		['writeFile', 'w'],
		['appendFile', 'a'],
	] as const)
		replace(module, `${name}${ending}`, (original) => (...args) => {
			moment();
			whileWriting(args[0], args[1], flags);
			return original(...args);
		});
}
replace(childProcess, 'spawn', (original) => (...args) => {
	moment();
	const child = original(...args) as childProcess.ChildProcess;
	child.once('exit', moment);
	return child;
});
