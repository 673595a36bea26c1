import type { Run } from './ci-server.ts';
import {
	cis,
	type EnvironmentName,
	environmentNames,
	manifest,
	type RepositoryName,
} from './flow.ts';
import type { PullView } from './forge-view.ts';
import type { Act, Play } from './play.ts';
import type { RepositoryView } from './repository-view.ts';
import type { World } from './world.ts';

/** What runs in one environment, and how it came there. */
export interface EnvironmentResult {
	readonly name: EnvironmentName;
	readonly image: string;
	/** By digest, as the nodes report it. */
	readonly imageId: string;
	readonly version: string;
	/** The application's commit that the image was built from, by the tag of the deployment. */
	readonly commit: string;
	/** The commit of the infra repository that brought it. */
	readonly infraCommit: string;
	/** The pull request that brought it; none where it was pushed. */
	readonly pullRequest: number | undefined;
}

/** What came of the flow: for programs by `--json`, and for the page. */
export interface FlowResult {
	readonly ok: boolean;
	/** What is not as it has to be, where something is not. */
	readonly problem: string | undefined;
	readonly seconds: number;
	readonly environments: readonly EnvironmentResult[];
	readonly pullRequests: readonly PullView[];
	/** The application's tags, each with the commit that it stands on. */
	readonly tags: readonly { readonly name: string; readonly commit: string }[];
	readonly acts: readonly Act[];
}

/** Reads from repositories, forge and clusters what stands there now. */
export async function resultOf(play: Play, seconds: number, problem?: string): Promise<FlowResult> {
	const { views, reviewer } = play.world;
	const application = await views.application.update();
	const pullRequests = await reviewer.pulls('infra-production');
	const environments: EnvironmentResult[] = [];
	for (const name of environmentNames) {
		const found = await environmentOf(play.world, name, pullRequests);
		if (found) environments.push(found);
	}
	return {
		ok: problem === undefined,
		problem,
		seconds,
		environments,
		pullRequests,
		tags: await tagsOf(application),
		acts: play.acts,
	};
}

async function tagsOf(application: RepositoryView): Promise<FlowResult['tags']> {
	const tags: { name: string; commit: string }[] = [];
	for (const ref of (await application.refs()).keys())
		if (ref.startsWith('refs/tags/'))
			tags.push({
				name: ref.slice('refs/tags/'.length),
				commit: await application.git('rev-parse', `${ref}^{commit}`),
			});
	return tags;
}

async function environmentOf(
	{ views, clusters }: World,
	name: EnvironmentName,
	pulls: readonly PullView[],
): Promise<EnvironmentResult | undefined> {
	const running = await clusters[name].running();
	if (running === undefined) return undefined;
	const version = running.image.split(':').at(-1) ?? '';
	const infra = await views[`infra-${name}`].update();
	const infraCommit = await infra.git(
		'log',
		'-1',
		'--first-parent',
		'--format=%H',
		'main',
		'--',
		manifest,
	);
	const tag = `refs/tags/deploy/${name}/${version}^{commit}`;
	return {
		name,
		image: running.image,
		imageId: running.imageIds.join(', '),
		version,
		commit: await views.application.git('rev-parse', '--verify', '--quiet', tag).catch(() => ''),
		infraCommit,
		pullRequest:
			name === 'production'
				? pulls.find(({ mergeCommit }) => mergeCommit === infraCommit)?.number
				: undefined,
	};
}

/** The result as JSON, without what the steps printed. */
export function toJson(result: FlowResult, more: Readonly<Record<string, unknown>>): string {
	const acts = result.acts.map(({ runs, ...act }) => ({ ...act, runs: runs.map(runJson) }));
	return JSON.stringify({ ...result, ...more, acts }, null, 2);
}

function runJson({ repository, ci, number, event, again, result, seconds }: Run) {
	return {
		repository,
		ci: cis[ci].title,
		number,
		event: event.kind,
		ref: event.ref,
		commit: event.commit,
		again,
		status: result.status,
		seconds: Number(seconds.toFixed(2)),
		steps: result.steps.map(({ name, uses, status, exitCode, outputs }) => ({
			name,
			uses,
			status,
			exitCode,
			outputs,
		})),
	};
}

/** `push of feature/x`, `tag v1.1.0`, in words. */
export function eventTitle({ event, again }: Pick<Run, 'event' | 'again'>): string {
	const what =
		event.tag !== undefined
			? `tag ${event.tag}`
			: event.pullRequest
				? `pull request ${event.pullRequest.number} ${event.action}`
				: `push to ${event.branch}`;
	return again ? `${what}, again` : what;
}

export function shortId(id: string): string {
	return id.slice(0, 7);
}

/** What stands where: for the table in the terminal and on the page. */
export function wayOf({ name, pullRequest, infraCommit }: EnvironmentResult): string {
	const repository: RepositoryName = `infra-${name}`;
	const commit = `${shortId(infraCommit)} in ${repository}`;
	return pullRequest === undefined ? commit : `${commit}, by pull request ${pullRequest}`;
}
