import { type ApiCall, noContent, ok } from '../forge/api.ts';
import type { DocumentedApi } from '../forge/documented-api.ts';
import { mergePullRequest } from '../forge/merge.ts';
import type { MergeMethod, PlannedMerge, PullRequest, Repository } from '../forge/model.ts';
import { checkMergeability, missingRequirement } from '../forge/pulls.ts';
import { Refusal } from '../forge/refusal.ts';

const strategies: Readonly<Record<string, MergeMethod>> = {
	'no-ff': 'merge',
	squash: 'squash',
	'rebase-ff-only': 'rebase',
};

/** How the routes of pull requests show one, and mind its version. */
interface Views {
	readonly view: (repository: Repository, pull: PullRequest) => Promise<unknown>;
	readonly checkVersion: (pull: PullRequest, version: unknown) => void;
}

/** Merging, now or once all merge checks pass. */
export function addMergingRoutes(
	api: DocumentedApi,
	pulls: string,
	{ view, checkVersion }: Views,
): void {
	api
		.on('GET', `${pulls}/#number/merge`, {}, async (call) => {
			const repository = call.repository();
			const pull = repository.pull(call.number());
			if (pull.state === 'closed') throw new Refusal('closed', 'This pull request is not open.');
			return ok(await mergeabilityOf(call, repository, pull));
		})
		.on('POST', `${pulls}/#number/merge`, { query: ['version'], body: ofMerge }, async (call) => {
			const repository = call.repository('write');
			const pull = repository.pull(call.number());
			const plan = planned(call, pull);
			if (call.flag('autoMerge') && !repository.allowAutoMerge)
				throw new Refusal('protected', 'Auto-merge is not enabled for this repository.');
			const { canMerge, vetoes } = await mergeabilityOf(call, repository, pull);
			checkVersion(pull, call.query.version);
			if (canMerge) {
				await mergePullRequest(call.model, repository, call.user, pull, plan);
			} else if (call.flag('autoMerge')) pull.autoMerge = plan;
			else throw new Refusal('conflict', vetoes[0]?.summaryMessage ?? 'It has conflicts.');
			return ok(await view(repository, pull));
		})
		.on('GET', `${pulls}/#number/auto-merge`, {}, (call) => {
			const { autoMerge: plan, headSha } = call.repository().pull(call.number());
			// A push puts an end to it.
			if (plan?.expectedHead !== headSha) return noContent;
			const [strategyId] = Object.entries(strategies).find(([, one]) => one === plan.method) ?? [];
			const message = plan.title && `${plan.title}\n\n${plan.message}`;
			return ok({ fromHash: plan.expectedHead, strategyId, ...(message && { message }) });
		})
		.on('DELETE', `${pulls}/#number/auto-merge`, {}, (call) => {
			call.repository('write').pull(call.number()).autoMerge = undefined;
			return noContent;
		});
}

const ofMerge = ['version', 'strategyId', 'message', 'autoSubject', 'autoMerge'];

async function mergeabilityOf(call: ApiCall, repository: Repository, pull: PullRequest) {
	// It is looked for, not looked up in what was found in the background.
	await checkMergeability(repository, pull);
	const conflicted = (await checkMergeability(repository, pull)) === 'conflict';
	const lacks = missingRequirement(call.model, repository, pull);
	const vetoes = lacks
		? [{ summaryMessage: vetoFor(lacks), detailedMessage: lacks.message }]
		: pull.draft
			? [{ summaryMessage: 'Draft pull requests cannot be merged', detailedMessage: '' }]
			: [];
	const outcome = conflicted ? 'CONFLICTED' : 'CLEAN';
	return { canMerge: !conflicted && vetoes.length === 0, conflicted, outcome, vetoes };
}

function vetoFor({ reason }: Refusal): string {
	return reason === 'unapproved'
		? 'Not all required reviewers have approved yet'
		: 'Not all required builds are successful yet';
}

function planned(call: ApiCall, pull: PullRequest): PlannedMerge {
	const method = strategies[call.text('strategyId') ?? 'no-ff'];
	if (method === undefined) throw new Refusal('invalid', 'This merge strategy is not enabled.');
	const [given, ...rest] = call.text('message')?.split('\n') ?? [];
	const title =
		call.body.autoSubject === false ? given : `Pull request #${pull.number}: ${pull.title}`;
	const message = rest.join('\n').trim();
	return { method, user: call.user.name, title, message, expectedHead: pull.headSha };
}
