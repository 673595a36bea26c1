/**
 * Stands for `docker run` of one of our images: runs the command of this machine, with no
 * variables but those that `-e` names.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const [, , bin = '', command, ...args] = process.argv;
if (command !== 'run') throw new Error(`docker ${command} is not played here`);
const env: Record<string, string | undefined> = {
	PATH: process.env.PATH,
	HOME: process.env.HOME,
};
let image: string | undefined;
while (image === undefined) {
	const arg = args.shift();
	if (arg === '-e') {
		const name = args.shift() ?? '';
		env[name] = process.env[name];
	} else if (arg === '-v') args.shift();
	else if (arg !== '--rm') image = arg ?? '';
}
const step = image.replace(/^.*:/, '');
const { status } = spawnSync(join(bin, 'lockstep'), [step, ...args], { env, stdio: 'inherit' });
process.exitCode = status ?? 1;
