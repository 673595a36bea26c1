import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shellQuote } from '../ci/outputs.ts';
import { Failure, messageOf } from '../failure/failure.ts';

/**
 * The folder in the workspace by which a step hands its outputs to those that follow, on
 * every CI: `<step>.json`, and `<step>.env` for a shell to read.
 */
export class OutputsFolder {
	readonly #folder: string;
	/** `outputs-dir` as the front writes it. */
	readonly #input: string;

	constructor(folder: string, input: string) {
		this.#folder = folder;
		this.#input = input;
	}

	/**
	 * Takes away what an earlier run of `step` left, so that nobody reads it as this run's, and
	 * makes sure that there can be new ones, without leaving a trace: a step that pushes and
	 * fails on its outputs afterwards would fail each time that it is run again.
	 * @throws Failure where the folder cannot be written.
	 */
	async prepare(step: string): Promise<void> {
		try {
			await requireWritable(this.#folder);
			for (const file of this.#files(step)) await rm(file, { force: true });
		} catch (error) {
			throw this.#unwritable(error);
		}
	}

	/** @throws Failure where the folder cannot be written. */
	async write(step: string, values: ReadonlyMap<string, string>): Promise<void> {
		const [json, env] = this.#files(step);
		await this.#write([
			[json, `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`],
			[env, [...values].map(([name, value]) => envLine(name, value)).join('')],
		]);
	}

	/** Writes a further file, such as a report, and returns its path. @throws Failure as `write` does */
	async writeFile(name: string, text: string): Promise<string> {
		const file = join(this.#folder, name);
		await this.#write([[file, text]]);
		return file;
	}

	async #write(files: readonly (readonly [file: string, text: string])[]): Promise<void> {
		try {
			await mkdir(this.#folder, { recursive: true });
			// The folder is in the workspace: nobody should commit it by `git add .`.
			await writeFile(join(this.#folder, '.gitignore'), '*\n');
			for (const [file, text] of files) await replace(file, text);
		} catch (error) {
			throw this.#unwritable(error);
		}
	}

	#unwritable(cause: unknown): Failure {
		return new Failure(
			`The outputs cannot be written to ${this.#folder} (${messageOf(cause)}); let the step write there, or name another folder with ${this.#input}`,
			{ cause },
		);
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

/** Asks of the folder, or of the nearest one above it that is there. */
async function requireWritable(folder: string): Promise<void> {
	const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
		throw error;
	});
	if (found === undefined) return await requireWritable(dirname(folder));
	if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
	await access(folder, constants.W_OK | constants.X_OK);
}

/** A file is there whole or not at all, whenever the process is killed. */
async function replace(file: string, content: string): Promise<void> {
	const draft = `${file}.${process.pid}`;
	await writeFile(draft, content);
	await rename(draft, file);
}

/** `previous-image` -> `PREVIOUS_IMAGE='...'`, quoted so that a shell reads it as it is. */
function envLine(name: string, value: string): string {
	return `${name.toUpperCase().replaceAll('-', '_')}=${value === '' ? '' : shellQuote(value)}\n`;
}
