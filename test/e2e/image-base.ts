import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a step's image needs beside node. */
const packages = ['git', 'openssh-client', 'busybox-static', 'ca-certificates', 'libstdc++6'];

/** What Debian's git asks for and the steps do not: its scripts, and what only configures it. */
const unwanted =
	/^(perl|libperl|debconf|cdebconf|openssl|passwd|dpkg|adduser|libgdbm|libdb5|git-man|install-info|tar$|libslang)/;

/**
 * Makes a small base image out of Debian's packages, where no public one can be pulled: what
 * `plugins/Dockerfile` needs of its base, and no package manager. Takes about ten seconds.
 * @param name - what buildah calls it afterwards
 * @param folder - an empty one to work in
 */
export async function makeBase(name: string, folder: string): Promise<void> {
	const [root, archives] = [join(folder, 'root'), join(folder, 'archives')];
	await mkdir(archives, { recursive: true });
	await execute('apt-get', ['download', '-qq', ...(await closure())], { cwd: archives });
	for (const archive of await readdir(archives))
		await execute('dpkg-deb', ['--extract', join(archives, archive), root]);
	for (const leftOver of ['doc', 'man', 'locale', 'lintian', 'bash-completion', 'perl', 'perl5'])
		await rm(join(root, 'usr/share', leftOver), { recursive: true, force: true });
	await slimGit(root);
	for (const folder of ['tmp', 'proc', 'dev', 'usr/local/bin'])
		await mkdir(join(root, folder), { recursive: true });
	for (const command of ['sh', 'mkdir', 'ln', 'rm', 'cat', 'ls', 'id', 'env', 'chmod'])
		await symlink('busybox', join(root, 'bin', command));
	await symlink('/bin/env', join(root, 'usr/bin/env'));
	await copyFile(process.execPath, join(root, 'usr/local/bin/node'));
	await trustUsualAuthorities(root);
	await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
	await importFolder(root, name);
}

/** Takes away git's servers, and its second copies of one program. */
async function slimGit(root: string): Promise<void> {
	const core = join(root, 'usr/lib/git-core');
	for (const server of ['daemon', 'http-backend', 'http-fetch', 'http-push', 'imap-send', 'shell'])
		await rm(join(core, `git-${server}`), { force: true });
	for (const program of [join(core, 'scalar'), join(root, 'usr/bin/scalar')])
		await rm(program, { force: true });
	await rm(join(core, 'git'));
	await symlink('../../bin/git', join(core, 'git'));
}

/** The packages and all that they depend on, by Debian's own lists. */
async function closure(): Promise<string[]> {
	const { stdout } = await execute('apt-cache', [
		...['depends', '--recurse', '--important', '--no-recommends', '--no-suggests'],
		...['--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances'],
		...packages,
	]);
	const names = stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line));
	return [...new Set(names)].filter((name) => !unwanted.test(name));
}

async function trustUsualAuthorities(root: string): Promise<void> {
	const folder = join(root, 'usr/share/ca-certificates/mozilla');
	const names = (await readdir(folder)).sort();
	const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')));
	await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
	await writeFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), texts.join(''));
}

async function importFolder(root: string, name: string): Promise<void> {
	const container = (await execute('buildah', ['from', 'scratch'])).stdout.trim();
	try {
		await execute('buildah', ['copy', '--quiet', container, root, '/']);
		await execute('buildah', ['config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', container]);
		await execute('buildah', ['commit', '--quiet', '--timestamp', '0', container, name]);
	} finally {
		await execute('buildah', ['rm', container]);
	}
}
