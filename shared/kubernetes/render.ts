import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { Failure, messageOf } from '../failure/failure.ts';
import { readPath } from './object.ts';

/** What rendering a kustomization or a chart needs. */
export interface Rendering {
	/** Variables of the renderers, `PATH` among them. */
	environment: Readonly<Record<string, string | undefined>>;
	/** Namespace that a chart is rendered for. */
	namespace: string;
	/** Files with the values of charts. */
	values: readonly string[];
}

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Whether a folder holds a kustomization or a chart, and no plain manifests. */
export async function isRendered(folder: string): Promise<boolean> {
	return (await kindOf(folder)) !== undefined;
}

async function kindOf(folder: string): Promise<'kustomization' | 'chart' | undefined> {
	const names = await readdir(folder);
	if (names.some((name) => kustomizations.includes(name))) return 'kustomization';
	return names.includes('Chart.yaml') ? 'chart' : undefined;
}

function helmTemplate(folder: string, { namespace, values }: Rendering): string[] {
	// Release names are labels.
	const name = basename(folder)
		.toLowerCase()
		.replace(/[^a-z0-9-]+/g, '-')
		.replace(/^-+|-+$/g, '');
	return [
		...['helm', 'template', name || 'release', folder, '--namespace', namespace],
		...['--include-crds', '--skip-tests'],
		...values.flatMap((file) => ['--values', file]),
	];
}

/**
 * The manifests of a kustomization (by `kustomize`, else `kubectl`) or of a chart (by
 * `helm`, with its definitions and without its tests), with the program that is on PATH.
 * @throws Failure where there is none, or with what the program says.
 */
export async function render(folder: string, options: Rendering): Promise<string> {
	const chart = (await kindOf(folder)) === 'chart';
	// The folder is absolute, so it cannot be taken for an option.
	const commands = chart
		? [helmTemplate(folder, options)]
		: [
				['kustomize', 'build', folder],
				['kubectl', 'kustomize', folder],
			];
	for (const [program = '', ...args] of commands) {
		try {
			const { stdout } = await promisify(execFile)(program, args, {
				env: { ...options.environment },
				maxBuffer: 64 << 20,
			});
			return stdout;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
			const stderr = readPath(error, ['stderr']);
			throw new Failure(
				`${program} cannot render ${folder}: ${String(stderr || messageOf(error)).trim()}`,
				{ cause: error },
			);
		}
	}
	throw new Failure(
		chart
			? `${folder} is a chart, and helm is not on PATH; install it, or render the chart in a step before`
			: `${folder} is a kustomization, and neither kustomize nor kubectl is on PATH; install one, or render it in a step before`,
	);
}
