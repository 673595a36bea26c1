import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { tellsMemory, watchMemory } from './memory.ts';

/** A command to be timed as a whole process. */
export interface Command {
	program: string;
	args: readonly string[];
	env?: Readonly<Record<string, string | undefined>>;
	cwd?: string;
	/** Brings back the state that the command starts from; not timed. */
	before?: () => Promise<void>;
	/** Called after each run, counted or not. */
	after?: () => void;
}

/** Milliseconds of each counted run, by the contender's name. */
export type Timings = Map<string, number[]>;

/**
 * Times commands in turn (A B A B ...), so that a machine that slows down slows down all of
 * them; the first round warms up and is not counted,
 * unless all has run already (`warm`).
 * @throws Error where a command fails, for then its time means nothing
 */
export async function timeInTurn(
	contenders: Readonly<Record<string, Command>>,
	rounds: number,
	{ warm = false }: { warm?: boolean } = {},
): Promise<Timings> {
	const timings: Timings = new Map(Object.keys(contenders).map((name) => [name, []]));
	for (let round = warm ? 1 : 0; round <= rounds; round++)
		for (const [name, command] of Object.entries(contenders)) {
			await command.before?.();
			const milliseconds = await time(command);
			command.after?.();
			if (round > 0) timings.get(name)?.push(milliseconds);
		}
	return timings;
}

/**
 * Runs each command once and tells by name how many KB the largest of its processes had. Not
 * while it is timed, for to look costs time. Empty where the machine does not tell.
 */
export async function peakMemory(
	contenders: Readonly<Record<string, Command>>,
): Promise<Map<string, number>> {
	const peaks = new Map<string, number>();
	for (const [name, command] of Object.entries(contenders)) {
		await command.before?.();
		let watch: ReturnType<typeof watchMemory> | undefined;
		await time(command, (pid) => {
			watch = tellsMemory ? watchMemory(pid) : undefined;
		});
		if (watch) peaks.set(name, watch.stop());
		command.after?.();
	}
	return peaks;
}

async function time(
	{ program, args, env, cwd }: Command,
	onStart?: (pid: number) => void,
): Promise<number> {
	const start = performance.now();
	const child = spawn(program, args, {
		stdio: ['ignore', 'pipe', 'pipe'],
		...(env === undefined ? {} : { env: env as NodeJS.ProcessEnv }),
		...(cwd === undefined ? {} : { cwd }),
	});
	if (child.pid !== undefined) onStart?.(child.pid);
	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => {
			said += text;
		});
	const code = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject).once('close', resolve);
	});
	if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said}`);
	return performance.now() - start;
}

/** The middle one of some numbers; of an even count, the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
	const high = sorted[Math.floor(middle)] ?? Number.NaN;
	return (low + high) / 2;
}

/** The median of `ours / theirs`, run by run. */
export function ratio(ours: readonly number[], theirs: readonly number[]): number {
	return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** A table for the terminal: columns as wide as their widest cell, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const all = [head, ...rows];
	const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
	return all
		.map((row) =>
			row
				.map((cell, column) =>
					column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
				)
				.join('  '),
		)
		.join('\n');
}
