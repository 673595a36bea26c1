import { styleText } from 'node:util';
import { messageAt } from '../failure/failure.ts';
import type { Ci } from './host.ts';
import { printable } from './inert.ts';
import { LiveLines } from './live-lines.ts';

/**
 * A log for people, coloured where the stream shows colours, with the place in front; and
 * progress below it where the stream is a terminal.
 */
export function plainLog(
	stream: NodeJS.WriteStream,
	harmless: (text: string) => string = (text) => text,
): Pick<Ci, 'log' | 'fold' | 'progress'> {
	const style = (format: 'red' | 'yellow' | 'gray', text: string) =>
		styleText(format, text, { stream });
	const live = stream.isTTY ? new LiveLines(stream) : undefined;
	const log: Ci['log'] = (level, message, place) => {
		const text = harmless(printable(messageAt(message, place)));
		const line = {
			debug: () => style('gray', text),
			info: () => text,
			warn: () => `${style('yellow', 'warning:')} ${text}`,
			error: () => `${style('red', 'error:')} ${text}`,
		}[level]();
		if (live === undefined) stream.write(`${line}\n`);
		else live.above(`${line}\n`);
	};
	const fold: Ci['fold'] = (title, text) => log('info', `${title}\n${text}`);
	if (live === undefined) return { log, fold };
	return { log, fold, progress: (lines) => live.show(lines.map(printable)) };
}
