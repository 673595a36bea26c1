import { styleText } from 'node:util';
import { messageAt } from '../failure/failure.ts';
import type { Host } from './host.ts';
import { printable } from './inert.ts';
import { LiveLines } from './live-lines.ts';

/**
 * A log for people, coloured where the stream shows colours, with the place in front; and
 * progress below it where the stream is a terminal.
 */
export function plainLog(stream: NodeJS.WriteStream): Pick<Host, 'log' | 'progress'> {
	const style = (format: 'red' | 'yellow' | 'gray', text: string) =>
		styleText(format, text, { stream });
	const live = stream.isTTY ? new LiveLines(stream) : undefined;
	const log: Host['log'] = (level, message, place) => {
		const text = printable(messageAt(message, place));
		const line = {
			debug: () => style('gray', text),
			info: () => text,
			warn: () => `${style('yellow', 'warning:')} ${text}`,
			error: () => `${style('red', 'error:')} ${text}`,
		}[level]();
		if (live === undefined) stream.write(`${line}\n`);
		else live.above(`${line}\n`);
	};
	if (live === undefined) return { log };
	return { log, progress: (lines) => live.show(lines.map(printable)) };
}
