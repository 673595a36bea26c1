#!/usr/bin/env node
/**
 * `lockstep <step> [inputs]`: the command line, and the entry of the image. It hands over to
 * the step's own bundle beside it, which is the same file that every CI runs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { shortForms, stepOfShortForms } from './short-forms.ts';

const dist = dirname(dirname(fileURLToPath(import.meta.url)));
const steps = readdirSync(dist)
	.filter((name) => name !== 'lockstep' && existsSync(join(dist, name, 'index.js')))
	.sort();

const [, self = '', name, ...args] = process.argv;
const usage = `Usage: lockstep <step> [--name value ...]

Steps: ${steps.join(', ')}
lockstep <step> --help lists a step's inputs and outputs.
lockstep completion bash|zsh|fish prints a script that completes both.
lockstep --version prints the version.

Short for ${stepOfShortForms}: lockstep ${Object.keys(shortForms).join('|')} [number]
`;

if (name === undefined) {
	process.stderr.write(
		`error: no step is named; as a plugin each has an image of its own, by its tag (lockstep:${steps[0]})\n\n${usage}`,
	);
	process.exitCode = 2;
} else if (name === '--help' || name === '-h') {
	process.stdout.write(usage);
} else if (name === '--version') {
	const { version } = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
	process.stdout.write(`${version}\n`);
} else if (steps.includes(name)) {
	await run(name, args);
} else if (name === 'completion') {
	printCompletion(args[0] ?? '');
} else if (Object.hasOwn(shortForms, name)) {
	const [number = '', ...rest] = args;
	const numbered = /^\d+$/.test(number) ? [`--number=${number}`, ...rest] : args;
	await run(stepOfShortForms, [`--action=${name}`, ...numbered]);
} else {
	const known = [...steps, ...Object.keys(shortForms)];
	process.stderr.write(`error: there is no step "${name}"; there are ${known.join(', ')}\n`);
	process.exitCode = 2;
}

async function run(step: string, given: readonly string[]): Promise<void> {
	process.argv = [process.execPath, self, ...given];
	await import(pathToFileURL(join(dist, step, 'index.js')).href);
}

function printCompletion(shell: string): void {
	if (['bash', 'zsh', 'fish'].includes(shell)) {
		process.stdout.write(readFileSync(join(dist, 'lockstep', `completion.${shell}`)));
		return;
	}
	process.stderr.write('error: completion is for one of bash, zsh, fish; name it\n');
	process.exitCode = 2;
}
