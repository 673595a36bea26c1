import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Program, Programs } from './pipeline.ts';

const root = join(import.meta.dirname, '..', '..');
const imageOfLockstep = 'ghcr.io/lockstep-ci/lockstep';
const actionsOfLockstep = 'lockstep-ci/lockstep/actions/';

/** Where an image's programs are: as `programs` says, else Lockstep's own in `dist`. */
export function programOfImage(image: string, programs: Programs = {}): Program {
	const [, name = image, tag = 'latest'] = /^(.+?)(?::([^:/]+))?(?:@.+)?$/.exec(image) ?? [];
	const program = programs[name];
	if (program !== undefined) return program;
	if (name === imageOfLockstep)
		return { entry: [process.execPath, join(root, 'dist', tag, 'index.js')] };
	throw new Error(`Nothing stands for the image ${image} here`);
}

/** An action: what runs it, and the inputs that its own file gives where a workflow does not. */
export interface Action {
	readonly entry: readonly [program: string, ...args: string[]];
	readonly defaults: Readonly<Record<string, string>>;
}

interface ActionFile {
	inputs?: Record<string, { default?: unknown } | null>;
	runs: { using: string; main: string };
}

/**
 * The action that `owner/repository/path@version` names: Lockstep's own from this checkout,
 * unless `programs` has another for the same inputs.
 */
export async function findAction(uses: string, programs: Programs = {}): Promise<Action> {
	const [name = '', version = ''] = uses.split('@');
	if (!name.startsWith(actionsOfLockstep) || version === '')
		throw new Error(`Nothing stands for the action ${uses} here`);
	const folder = join(root, 'actions', name.slice(actionsOfLockstep.length));
	const file = parse(await readFile(join(folder, 'action.yml'), 'utf8')) as ActionFile;
	if (!/^node\d+$/.test(file.runs.using)) throw new Error(`${uses} is no JavaScript action`);
	const defaults = Object.entries(file.inputs ?? {}).map(([input, declared]) => [
		input,
		declared?.default === undefined ? '' : String(declared.default),
	]);
	return {
		entry: programs[name]?.entry ?? [process.execPath, join(folder, file.runs.main)],
		defaults: Object.fromEntries(defaults) as Record<string, string>,
	};
}
