import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const heartbeat = 2_000;
const staleAfter = 20_000;
const pollInterval = 250;

/**
 * Does the work while no other process holds the lock file at the path. Its owner renews the
 * file's time every 2 s; a lock that is 20 s old was left behind by a killed process and is taken
 * over. (A process that was asleep for so long may then work beside another one: what is done
 * under a lock has to bear that.)
 *
 * @param onWait called once when another process holds the lock
 */
export async function withLock<Result>(
	path: string,
	onWait: () => void,
	work: () => Promise<Result>,
): Promise<Result> {
	for (let waited = false; !(await tryLock(path)); waited = true) {
		if (!waited) {
			onWait();
		}
		await removeIfStale(path);
		await sleep(pollInterval);
	}
	const renew = setInterval(() => {
		const now = new Date();
		utimes(path, now, now).catch(() => undefined); // taken over: nothing is left to renew
	}, heartbeat);
	try {
		return await work();
	} finally {
		clearInterval(renew);
		await rm(path, { force: true });
	}
}

async function tryLock(path: string): Promise<boolean> {
	try {
		await (await open(path, 'wx')).close();
		return true;
	} catch (error) {
		if (hasCode(error, 'EEXIST')) {
			return false;
		}
		throw error;
	}
}

async function removeIfStale(path: string): Promise<void> {
	try {
		const { mtimeMs } = await stat(path);
		if (Date.now() - mtimeMs > staleAfter) {
			// renaming first: of several who see the stale lock, one removes it
			const aside = `${path}.${randomUUID()}`;
			await rename(path, aside);
			await rm(aside);
		}
	} catch (error) {
		if (!hasCode(error, 'ENOENT')) {
			throw error;
		}
	}
}

function hasCode(error: unknown, code: string): boolean {
	return error instanceof Error && 'code' in error && error.code === code;
}
