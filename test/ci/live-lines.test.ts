import { expect, test } from 'vitest';
import { LiveLines } from '../../shared/ci/live-lines.ts';

/** What a terminal shows, by the few codes that are used. */
class Screen {
	readonly columns: number;
	readonly rows: number;
	#lines: string[] = [''];

	constructor(columns = 40, rows = 10) {
		this.columns = columns;
		this.rows = rows;
	}

	write(text: string): boolean {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is looked for
		for (const [part, up] of text.matchAll(/\x1b\[(\d+)A\r\x1b\[0J|\n|[^\x1b\n]+/g))
			if (up !== undefined) this.#lines = [...this.#lines.slice(0, -1 - Number(up)), ''];
			else if (part === '\n') this.#lines.push('');
			else this.#lines[this.#lines.length - 1] += part;
		return true;
	}

	get text(): string {
		return this.#lines.join('\n');
	}
}

test('lines are written anew in their place, below what stays', () => {
	const screen = new Screen();
	const live = new LiveLines(screen);
	live.above('begun\n');
	live.show(['web: 1 of 2', 'api: 0 of 1']);
	live.show(['web: 2 of 2']);
	live.above('api: ready\n');
	expect(screen.text).toBe('begun\napi: ready\nweb: 2 of 2\n');
	live.show([]);
	expect(screen.text).toBe('begun\napi: ready\n');
});

test('there are never more lines than the terminal has room for', () => {
	const screen = new Screen(40, 5);
	new LiveLines(screen).show(['a', 'b', 'c', 'd']);
	expect(screen.text).toBe('a\nb\n... and 2 more\n');
});

test('a line that is longer than the terminal is wide is cut', () => {
	const screen = new Screen(10);
	new LiveLines(screen).show(['0123456789']);
	expect(screen.text).toBe('012345...\n');
});

test('a terminal that does not know its size is taken for an ordinary one', () => {
	const screen = new Screen(0, 0);
	new LiveLines(screen).show(['web: 1 of 2']);
	expect(screen.text).toBe('web: 1 of 2\n');
});
