import { existsSync, readFileSync } from 'node:fs';

/** Whether this machine tells how much memory a process has had at most. */
export const tellsMemory = existsSync('/proc/self/status');

/**
 * Watches a process and those that it starts until `stop`, which tells the most memory in
 * KB that any one of them had. The system keeps that mark for each process as long as it
 * lives, so that only what a process gets in its last milliseconds is missed.
 */
export function watchMemory(pid: number): { stop(): number } {
	let most = 0;
	const look = () => {
		for (const each of familyOf(pid)) most = Math.max(most, highWaterMark(each));
	};
	const timer = setInterval(look, 4).unref();
	return {
		stop() {
			clearInterval(timer);
			return most;
		},
	};
}

function familyOf(pid: number): number[] {
	const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
	return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

function highWaterMark(pid: number): number {
	return Number(/^VmHWM:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function read(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		// The process has ended.
		return '';
	}
}
