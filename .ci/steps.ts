import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyStep } from '../shared/step/declare.ts';

/** The folder that this project is in. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The steps by name: every folder of `actions/` that holds a `step.ts`. */
export function stepNames(): string[] {
	return readdirSync(join(root, 'actions'))
		.filter((name) => existsSync(join(root, 'actions', name, 'step.ts')))
		.sort();
}

/** The declaration of one step: what `actions/<name>/step.ts` exports as `step`. */
export async function loadStep(name: string): Promise<AnyStep> {
	const module = (await import(`../actions/${name}/step.ts`)) as { step: AnyStep };
	return module.step;
}
