import { styleText } from 'node:util';
import type { StepResult } from '../engines/pipeline.ts';
import type { ForgeEvent } from '../engines/webhook.ts';
import type { CiWatcher, Run } from './ci-server.ts';
import { type CiName, cis, type RepositoryName } from './flow.ts';
import type { Act, PlayWatcher } from './play.ts';
import { eventTitle, type FlowResult, shortId, wayOf } from './result.ts';

type Format = Parameters<typeof styleText>[0];

const frames = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const marks = { success: ['green', '✓'], failure: ['red', '✗'], skipped: ['gray', '·'] } as const;

/** Shows the play while it goes on: lines, and on a terminal a last line that moves. */
export class Show implements CiWatcher, PlayWatcher {
	readonly #stream: NodeJS.WriteStream;
	#doing = '';
	#lastLine = '';
	#stepStarted = 0;
	#frame = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(stream: NodeJS.WriteStream) {
		this.#stream = stream;
		if (stream.isTTY) this.#timer = setInterval(() => this.#spin(), 80).unref();
	}

	start(): void {
		this.#line(this.#style('bold', 'From a push to production, over four repositories'));
		this.#doing = 'starting a forge, a registry and three clusters';
	}

	actStarts({ title, story }: Act): void {
		this.#line(`\n${this.#style('bold', `▸ ${title}`)}\n  ${story}`);
		this.#doing = story;
	}

	runStarts(repository: RepositoryName, ci: CiName, event: ForgeEvent): void {
		const what = eventTitle({ event, again: false });
		this.#line(
			`  ${this.#style('cyan', repository)}  ${what}, ${shortId(event.commit)}  ${this.#style('gray', cis[ci].title)}`,
		);
	}

	stepStarts(repository: RepositoryName, name: string): void {
		this.#doing = `${repository}: ${name}`;
		this.#lastLine = '';
		this.#stepStarted = performance.now();
	}

	log(line: string): void {
		this.#lastLine = line;
	}

	stepEnds(_: RepositoryName, { name, status, outputs, log }: StepResult): void {
		if (status === 'skipped') return;
		const [colour, mark] = marks[status];
		const seconds = ((performance.now() - this.#stepStarted) / 1000).toFixed(1);
		this.#line(
			`    ${this.#style(colour, mark)} ${shortName(name)} ${this.#style('gray', `${seconds} s`)}`,
		);
		const reason = outputs.reason ?? log.split('\n').findLast((line) => line.trim() !== '');
		if (status === 'failure' && reason) this.#line(`      ${this.#style('red', reason)}`);
	}

	runEnds(_: Run): void {
		this.#doing = 'looking at what came of it';
	}

	checked(sentence: string): void {
		this.#line(`  ${this.#style('green', '✓')} ${this.#style('dim', sentence)}`);
	}

	/** Ends the moving line, for good. */
	stop(): void {
		clearInterval(this.#timer);
		if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
	}

	summary({ environments, seconds, problem }: FlowResult): void {
		this.stop();
		const rows = [
			['', 'runs', 'built from', 'brought by'],
			...environments.map((one) => [one.name, one.image, shortId(one.commit), wayOf(one)]),
		];
		const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
		const lines = rows.map((row, index) => {
			const text = row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
			return `  ${index === 0 ? this.#style('gray', text) : text}`;
		});
		this.#line(`\n${lines.join('\n')}`);
		const took = `after ${seconds.toFixed(0)} s`;
		this.#line(
			problem === undefined
				? `\n${this.#style('green', `All is as it has to be, ${took}.`)}`
				: `\n${this.#style('red', problem)}\nStopped ${took}.`,
		);
	}

	page(path: string): void {
		this.#line(`The whole of it, with what every step printed: ${path}`);
	}

	#line(text: string): void {
		if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
		this.#stream.write(`${text}\n`);
	}

	#spin(): void {
		this.#frame = (this.#frame + 1) % frames.length;
		const text = `${this.#doing}  ${this.#lastLine}`.replaceAll(/\p{Cc}/gu, ' ');
		const room = Math.max(10, (this.#stream.columns ?? 80) - 6);
		this.#stream.write(
			`\r\x1b[K  ${frames[this.#frame]} ${this.#style('gray', text.slice(0, room))}`,
		);
	}

	#style(format: Format, text: string): string {
		return styleText(format, text, { stream: this.#stream });
	}
}

/** A step without a name of its own is called by its action. */
function shortName(name: string): string {
	return name.replace(/^lockstep-ci\/lockstep\/actions\//, '');
}
