import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cache } from './paths.ts';

/** The version that is built where there is none. */
const yqModule = 'github.com/mikefarah/yq/v4@v4.54.1';

/** The folder of mikefarah's yq: on PATH, else built once with go, else undefined. */
export function yqFolder(): string | undefined {
	const kept = join(cache, 'bin');
	// Another program of this name is a wrapper of jq, with another language.
	for (const folder of [...(process.env.PATH ?? '').split(delimiter), kept])
		if (said(join(folder, 'yq'), '--version')?.includes('mikefarah')) return folder;
	if (said('go', 'version') === undefined) return undefined;
	console.log(`Building ${yqModule}`);
	mkdirSync(kept, { recursive: true });
	execFileSync('go', ['install', yqModule], {
		env: { ...process.env, GOBIN: kept, CGO_ENABLED: '0' },
		stdio: 'inherit',
	});
	return kept;
}

export function hasUpdatecli(): boolean {
	return said('updatecli', 'version') !== undefined;
}

/** What a program prints; undefined where there is none. */
function said(program: string, argument: string): string | undefined {
	try {
		return execFileSync(program, [argument], { encoding: 'utf8', stdio: 'pipe' });
	} catch {
		return undefined;
	}
}
