import { constants, existsSync } from 'node:fs';
import { access, lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { dotenvOf, shellQuote } from '../ci/outputs.ts';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import { defaultOutputsDir } from './common-inputs.ts';

/**
 * The folder in the workspace by which a step hands its outputs to those that follow, on
 * every CI: `<step>.json`, and `<step>.env` for a shell to read.
 */
export class OutputsFolder {
	readonly #workspace: string;
	/** As it was given: below the workspace, or an absolute path to anywhere. */
	readonly #given: string;
	readonly #folder: string;
	/** `outputs-dir` as the front writes it. */
	readonly #input: string;
	#isWritten = true;

	constructor(workspace: string, given: string, input: string) {
		this.#workspace = workspace;
		this.#given = given;
		this.#folder = resolve(workspace, given);
		this.#input = input;
	}

	/**
	 * Takes away what an earlier run of `step` left, so that nobody reads it as this run's, and
	 * makes sure that there can be new ones, without leaving a trace: a step that pushes and
	 * fails on its outputs afterwards would fail each time that it is run again.
	 *
	 * A workspace may belong to somebody who lets this user only read it, as a container's user
	 * finds it on many CIs: nothing is written then, unless this folder was asked for.
	 * @returns why nothing will be written, where that is so
	 * @throws Failure where the folder cannot be written; bad input where it is not in the
	 * workspace, to which anybody's commit may add a link.
	 */
	async prepare(step: string): Promise<string | undefined> {
		if (!isAbsolute(this.#given)) await this.#requireInWorkspace();
		try {
			await requireWritable(this.#folder);
			const ofGitlab = join(this.#folder, dotenvOf(step));
			for (const file of [...this.#files(step), ofGitlab]) await rm(file, { force: true });
			return undefined;
		} catch (error) {
			const failure = this.#unwritable(error);
			// An earlier run's outputs that have to stay would be read as this one's.
			const isWanted = this.#given !== defaultOutputsDir;
			if (isWanted || !isDenied(error) || this.#files(step).some((file) => existsSync(file)))
				throw failure;
			this.#isWritten = false;
			return `${failure.message}; this step goes on without, and later ones find no outputs of it`;
		}
	}

	async #requireInWorkspace(): Promise<void> {
		const path = relative(this.#workspace, this.#folder);
		const parts = path.split(sep);
		if (parts[0] === '..' || isAbsolute(path))
			throw badInput(
				`${this.#input}: ${this.#given} leads out of the workspace; give a folder in it, or an absolute path`,
			);
		for (let length = 1; length <= parts.length; length++) {
			const part = parts.slice(0, length).join(sep);
			const found = await lstat(join(this.#workspace, part)).catch(() => undefined);
			if (found?.isSymbolicLink())
				throw badInput(
					`${this.#input}: ${part} is a link, which is not followed; take it away, or give another folder`,
				);
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

	/**
	 * Writes a further file: a report, or what a CI reads.
	 * @returns its path, or undefined where nothing is written
	 * @throws Failure as `write` does
	 */
	async writeFile(name: string, text: string): Promise<string | undefined> {
		const file = join(this.#folder, name);
		await this.#write([[file, text]]);
		return this.#isWritten ? file : undefined;
	}

	async #write(files: readonly (readonly [file: string, text: string])[]): Promise<void> {
		if (!this.#isWritten) return;
		try {
			const isNew = (await mkdir(this.#folder, { recursive: true })) !== undefined;
			// The folder is in the workspace: nobody should commit it by `git add .`.
			if (isNew) await writeFile(join(this.#folder, '.gitignore'), '*\n');
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

function isDenied(error: unknown): boolean {
	const { code } = error as NodeJS.ErrnoException;
	return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
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
