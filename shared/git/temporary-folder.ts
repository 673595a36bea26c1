import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure/failure.ts';

export interface TemporaryFolder {
	readonly path: string;
	/** May be called twice. Where it is not, the folder goes when the process exits. */
	remove(): Promise<void>;
}

/**
 * Makes a folder for this process alone. It may hold an ssh key, so that it must not stay: what
 * a process that was killed has left is removed by the next one of the same user.
 *
 * Not asynchronous, nor is its removal: to wait would take longer, with nothing to do meanwhile.
 * @throws Failure where the system's folder for such things cannot be written to.
 */
export function temporaryFolder(): TemporaryFolder {
	const { path, parent } = makeFolder();
	const removeOwn = () => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
	process.once('exit', removeOwn);
	const cleared = removeStale(parent);
	return {
		path,
		async remove() {
			process.off('exit', removeOwn);
			removeOwn();
			await cleared;
		},
	};
}

/** In memory; a container whose own file system is read-only can write there. */
const memory = '/dev/shm';

function makeFolder(): { path: string; parent: string } {
	const usual = tmpdir();
	// A folder that somebody has named by TMPDIR is that or none.
	const parents = usual === '/tmp' ? [usual, memory] : [usual];
	const causes: unknown[] = [];
	for (const parent of parents) {
		try {
			return { path: mkdtempSync(join(parent, `${prefix}${owner()}`)), parent };
		} catch (cause) {
			causes.push(cause);
		}
	}
	const [cause] = causes;
	throw new Failure(
		`There can be no temporary folder in ${usual} (${messageOf(cause)}); set TMPDIR to a folder that is there, and that this user may write to`,
		{ cause },
	);
}

const prefix = 'lockstep-';

/** The longest that a CI lets a job run is five days, on GitHub's self-hosted runners. */
const longestMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Removes the folders of this user whose process is gone. Containers may share the folder
 * and not know each other's processes: a folder of another one is left until it is so old
 * that no process can be at work in it.
 */
async function removeStale(parent: string): Promise<void> {
	const names = await readdir(parent).catch(() => []);
	for (const name of names) {
		if (!name.startsWith(prefix)) continue;
		const path = join(parent, name);
		try {
			const { uid, mtimeMs } = await lstat(path);
			if (uid !== process.getuid?.()) continue;
			if (isGone(name) ?? Date.now() - mtimeMs > longestMs)
				await rm(path, { recursive: true, force: true });
		} catch {
			// Another process is removing it, or a git whose step was killed still writes there.
		}
	}
}

/**
 * Who a folder is of, as part of its name: `<machine>-<process>-<its start>-`; '' where the
 * system does not tell. A process's number is given to another one later, its start is not.
 */
function owner(): string {
	const [machine, start] = [machineOf(), startOf('self')];
	return machine === undefined || start === undefined ? '' : `${machine}-${process.pid}-${start}-`;
}

/** Whether the process that a folder is of has ended; undefined where that cannot be known. */
function isGone(name: string): boolean | undefined {
	const [machine, pid = '', start] = name.slice(prefix.length).split('-');
	if (start === undefined || machine !== machineOf()) return undefined;
	return startOf(pid) !== start;
}

/** This run of this machine, and the container whose processes are seen: proc(5). */
function machineOf(): string | undefined {
	try {
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
		const space = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
		return space && `${boot}.${space}`;
	} catch {
		return undefined;
	}
}

/** When a process has started, in ticks since the machine did; undefined where there is none. */
function startOf(pid: string): string | undefined {
	try {
		const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in brackets, may hold anything; the start is the twentieth word after it.
		const [state, ...words] = status.slice(status.lastIndexOf(')') + 2).split(' ');
		return state === 'Z' ? undefined : words[18];
	} catch {
		return undefined;
	}
}
