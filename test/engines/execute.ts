import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** A process to start. Nothing of this process's own environment reaches it. */
export interface Execution {
	readonly command: readonly [program: string, ...args: string[]];
	readonly env: Readonly<Record<string, string>>;
	readonly cwd: string;
	/** Texts that the CI shows as stars. */
	readonly secrets: readonly string[];
	readonly onLog?: ((line: string) => void) | undefined;
}

export interface Executed {
	readonly exitCode: number;
	readonly log: string;
}

/** Runs a process to its end and returns what it printed on both streams, in order. */
export async function execute(execution: Execution): Promise<Executed> {
	const [program, ...args] = execution.command;
	const child = spawn(program, args, {
		cwd: execution.cwd,
		env: execution.env,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const lines: string[] = [];
	const take = (line: string) => {
		const shown = hide(line, execution.secrets);
		lines.push(shown);
		execution.onLog?.(shown);
	};
	const flushes = [child.stdout, child.stderr].map((stream) => {
		const decoder = new StringDecoder('utf8');
		let rest = '';
		stream.on('data', (chunk: Buffer) => {
			const parts = (rest + decoder.write(chunk)).split('\n');
			rest = parts.pop() ?? '';
			parts.forEach(take);
		});
		return () => {
			if (rest !== '') take(rest);
		};
	});
	const exitCode = await new Promise<number>((resolve) => {
		child.once('error', (error) => {
			take(`${program}: ${error.message}`);
			resolve(127);
		});
		child.once('close', (code) => resolve(code ?? 137));
	});
	for (const flush of flushes) flush();
	return { exitCode, log: lines.join('\n') };
}

function hide(line: string, secrets: readonly string[]): string {
	return secrets.reduce(
		(text, secret) => (secret.length > 3 ? text.replaceAll(secret, '***') : text),
		line,
	);
}
