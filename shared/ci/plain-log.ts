import { styleText } from 'node:util';
import { messageAt } from '../failure/failure.ts';
import type { Host } from './host.ts';
import { printable } from './inert.ts';

/** A log for people, coloured where the stream shows colours, with the place in front. */
export function plainLog(stream: NodeJS.WriteStream): Host['log'] {
	const style = (format: 'red' | 'yellow' | 'gray', text: string) =>
		styleText(format, text, { stream });
	return (level, message, place) => {
		const text = printable(messageAt(message, place));
		const line = {
			debug: () => style('gray', text),
			info: () => text,
			warn: () => `${style('yellow', 'warning:')} ${text}`,
			error: () => `${style('red', 'error:')} ${text}`,
		}[level]();
		stream.write(`${line}\n`);
	};
}
