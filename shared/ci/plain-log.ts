import { styleText } from 'node:util';
import { messageAt } from '../failure/failure.ts';
import type { Ci } from './host.ts';
import { printable } from './inert.ts';
import { LiveLines } from './live-lines.ts';

type PlainLog = Pick<Ci, 'log' | 'fold'>;

/** A log for people, coloured where the stream shows colours, with the place in front. */
export function plainLog(
	stream: NodeJS.WriteStream,
	harmless: (text: string) => string = (text) => text,
): PlainLog {
	return logTo((line) => stream.write(line), stream, harmless);
}

/**
 * The same, and progress below it where the stream is a terminal that a person looks at: some
 * CIs give a step one too, and keep every byte of it.
 */
export function terminalLog(
	stream: NodeJS.WriteStream,
	isCi: boolean,
): PlainLog & Pick<Ci, 'progress'> {
	if (!stream.isTTY || isCi) return plainLog(stream);
	const live = new LiveLines(stream);
	return {
		...logTo((line) => live.above(line), stream),
		progress: (lines) => live.show(lines.map(printable)),
	};
}

function logTo(
	write: (line: string) => void,
	stream: NodeJS.WriteStream,
	harmless: (text: string) => string = (text) => text,
): PlainLog {
	const style = (format: 'red' | 'yellow' | 'gray', text: string) =>
		styleText(format, text, { stream });
	const log: Ci['log'] = (level, message, place) => {
		const text = harmless(printable(messageAt(message, place)));
		const line = {
			debug: () => style('gray', text),
			info: () => text,
			warn: () => `${style('yellow', 'warning:')} ${text}`,
			error: () => `${style('red', 'error:')} ${text}`,
		}[level]();
		write(`${line}\n`);
	};
	return { log, fold: (title, text) => log('info', `${title}\n${text}`) };
}
