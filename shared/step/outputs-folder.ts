import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure/failure.ts';

/**
 * The folder in the workspace by which a step hands its outputs to those that follow, on
 * every CI: `<step>.json`, and `<step>.env` for a shell to read.
 */
export class OutputsFolder {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Takes away what an earlier run of `step` left, so that nobody reads it as this run's. */
	async clear(step: string): Promise<void> {
		for (const file of this.#files(step)) await rm(file, { force: true });
	}

	/** @throws Failure where the folder cannot be written. */
	async write(step: string, values: ReadonlyMap<string, string>): Promise<void> {
		const [json, env] = this.#files(step);
		await this.#write([
			[json, `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`],
			[env, [...values].map(([name, value]) => envLine(name, value)).join('')],
		]);
	}

	/** Writes a further file, such as a report. @throws Failure as `write` does */
	async writeFile(name: string, text: string): Promise<void> {
		await this.#write([[join(this.#folder, name), text]]);
	}

	async #write(files: readonly (readonly [file: string, text: string])[]): Promise<void> {
		try {
			await mkdir(this.#folder, { recursive: true });
			// The folder is in the workspace: nobody should commit it by `git add .`.
			await writeFile(join(this.#folder, '.gitignore'), '*\n');
			for (const [file, text] of files) await replace(file, text);
		} catch (error) {
			throw new Failure(
				`The outputs cannot be written to ${this.#folder}: ${messageOf(error)}; name another folder with outputs-dir`,
				{ cause: error },
			);
		}
	}

	/** What `step` put out, by output name; `{}` where it has not run in this workspace. */
	async read(step: string): Promise<Record<string, string>> {
		try {
			return JSON.parse(await readFile(this.#files(step)[0], 'utf8')) as Record<string, string>;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
			throw new Failure(
				`The outputs of ${step} cannot be read: ${messageOf(error)}; run ${step} again`,
				{ place: { file: this.#files(step)[0] }, cause: error },
			);
		}
	}

	#files(step: string): [json: string, env: string] {
		return [join(this.#folder, `${step}.json`), join(this.#folder, `${step}.env`)];
	}
}

/** A file is there whole or not at all, whenever the process is killed. */
async function replace(file: string, content: string): Promise<void> {
	const draft = `${file}.${process.pid}`;
	await writeFile(draft, content);
	await rename(draft, file);
}

/** `previous-image` -> `PREVIOUS_IMAGE='...'`, quoted so that a shell reads it as it is. */
function envLine(name: string, value: string): string {
	const quoted = /^[\w./:@%+,=-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
	return `${name.toUpperCase().replaceAll('-', '_')}=${quoted}\n`;
}
