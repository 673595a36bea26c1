/** What of a terminal is used. */
type Terminal = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>;

const eraseBelow = '\x1b[0J';

/** Lines at the bottom of a terminal that are written anew in their place. */
export class LiveLines {
	readonly #terminal: Terminal;
	#lines: readonly string[] = [];

	constructor(terminal: Terminal) {
		this.#terminal = terminal;
	}

	/** Writes text that stays, above the lines. */
	above(text: string): void {
		this.#terminal.write(this.#start() + text + this.#text());
	}

	/** Shows these lines in the place of those before; as many as there is room for. */
	show(lines: readonly string[]): void {
		// A terminal that does not know its size says that it is 0.
		const columns = this.#terminal.columns || 80;
		const room = Math.max((this.#terminal.rows || 24) - 2, 1);
		const shown =
			lines.length <= room
				? lines
				: [...lines.slice(0, room - 1), `... and ${lines.length - room + 1} more`];
		const start = this.#start();
		// A line that the terminal breaks would count as two.
		this.#lines = shown.map((line) =>
			line.length < columns ? line : `${line.slice(0, Math.max(columns - 4, 0))}...`,
		);
		this.#terminal.write(start + this.#text());
	}

	/** Back to where the lines begin, with nothing below. */
	#start(): string {
		return this.#lines.length === 0 ? '' : `\x1b[${this.#lines.length}A\r${eraseBelow}`;
	}

	#text(): string {
		return this.#lines.map((line) => `${line}\n`).join('');
	}
}
