/**
 * Stands for the docker command: `node docker-cli.ts REGISTRY login|build|push ...` builds an
 * image of the folder's files as git knows them, and pushes it over HTTP.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pushFolder } from './push-folder.ts';

const [registry = '', command, ...args] = process.argv.slice(2);
const accountFile = join(homedir(), '.docker-account');
const { values, positionals } = parseArgs({
	args,
	options: {
		username: { type: 'string' },
		'password-stdin': { type: 'boolean' },
		tag: { type: 'string' },
	},
	allowPositionals: true,
});

if (command === 'login') {
	const password = readFileSync(0, 'utf8').trim();
	writeFileSync(accountFile, `${values.username}:${password}`, { mode: 0o600 });
} else if (command === 'push') {
	const account = readFileSync(accountFile, 'utf8');
	for (const image of positionals)
		console.log(`pushed ${image}@${await pushFolder(registry, image, account)}`);
} else if (command !== 'build') {
	throw new Error(`This docker knows no ${command}`);
}
