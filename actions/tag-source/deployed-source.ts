import { join } from 'node:path';
import { Git, gitVariables } from '../../shared/git/git.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { parseTrailers } from '../../shared/record/record.ts';
import type { StepContext } from '../../shared/step/declare.ts';

/** What a deployed image was built from. */
export interface DeployedSource {
	readonly commit: string;
	/** The image's tag. */
	readonly version: string | undefined;
}

/** So many commits with a record are looked at. */
const recordsRead = 1000;

/**
 * The commit of `source` that one of the deployed images was built from: by the newest record in
 * the workspace's history that names such an image. Not simply by the newest record, for after a
 * revert an older image runs.
 * @param images - `name=reference` lines of what a rollout put there
 * @param source - `host/owner/name` of the application
 */
export async function deployedSource(
	images: string,
	source: string,
	{
		workspace,
		childEnvironment,
		signal,
	}: Pick<StepContext, 'workspace' | 'childEnvironment' | 'signal'>,
): Promise<DeployedSource | undefined> {
	const deployed = images.split(/[\n,]/).map((line) => line.slice(line.indexOf('=') + 1).trim());
	const git = new Git({
		folder: join(workspace, '.git'),
		variables: gitVariables(childEnvironment, {}, []),
		signal,
	});
	const { code, stdout } = await git.try([
		'log',
		`--max-count=${recordsRead}`,
		'--grep=^Lockstep-Source:',
		'--format=%B%x00',
	]);
	if (code !== 0) return undefined;
	for (const message of stdout.toString().split('\0')) {
		const record = parseTrailers(message);
		if (record.image === undefined || !deployed.includes(record.image)) continue;
		const [repository, commit] = record.source?.split('@') ?? [];
		if (repository === source && commit !== undefined)
			return { commit, version: parseReference(record.image)?.tag };
	}
	return undefined;
}
