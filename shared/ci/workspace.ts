import { existsSync } from 'node:fs';

/**
 * The folder that the CI names as the workspace, or the present one where that is not
 * there: a container may see the workspace at another path than the CI's runner does.
 */
export function workspaceFolder(named: string | undefined): string {
	return named && existsSync(named) ? named : process.cwd();
}
