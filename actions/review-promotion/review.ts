import { badInput, Failure } from '../../shared/failure/failure.ts';
import type { Forge, MergeState, PullRequest } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import { inertText } from '../../shared/forge/markdown.ts';
import { stateOf } from '../../shared/forge/pull-request.ts';
import { mergeBase } from '../../shared/git/merge.ts';
import { formatTrailers, parseTrailers } from '../../shared/record/record.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import { forgeFrom, withTokenAdvice } from '../../shared/step/forge.ts';
import { openFrom, remoteFrom } from '../../shared/step/repository.ts';
import type { ReviewInputs } from './inputs.ts';
import { listText, requestText } from './text.ts';
import { identityOf, repositoryMeant } from './who.ts';

export interface ReviewOutputs {
	number?: number | undefined;
	url?: string | undefined;
	state?: MergeState['state'] | undefined;
	approvals?: string[] | undefined;
	waitsFor?: string[] | undefined;
	merged?: boolean | undefined;
	mergeCommit?: string | undefined;
	requests?:
		| { number: number; title: string; head: string; base: string; commit: string; url: string }[]
		| undefined;
}

/** The inputs, with what of them was found out. */
type Settled = Omit<ReviewInputs, 'repository' | 'authorName' | 'authorEmail'> & {
	readonly repository: string;
	readonly authorName: string;
	readonly authorEmail: string;
};

interface Work {
	readonly inputs: Settled;
	readonly context: StepContext;
	readonly forge: Forge;
	/** The repository, for messages. */
	readonly where: string;
}

/** Does what the inputs ask for with the pull requests of a repository. */
export async function review(given: ReviewInputs, context: StepContext): Promise<ReviewOutputs> {
	const repository = await repositoryMeant(given, context);
	const { name: authorName, email: authorEmail } = await identityOf(given, context);
	const inputs = { ...given, repository, authorName, authorEmail };
	const forge = await forgeFrom(inputs, context, { rights: rightsFor(inputs) });
	const work = { inputs, context, forge, where: remoteFrom(repository, context).url };
	try {
		if (inputs.action === 'show' && inputs.number === undefined) return await list(work);
		const request = await requestMeant(work);
		if (inputs.action === 'show') return await show(work, request);
		checkCommit(work, request);
		if (inputs.dryRun) context.log.info(`Dry run: it would be asked to ${inputs.action}`);
		else await act(work, request);
		const { standing, outputs } = await standingOf(work, request);
		context.log.info(sentence(request, standing));
		return outputs;
	} catch (error) {
		throw withTokenAdvice(error, inputs, context);
	} finally {
		await forge.close();
	}
}

function rightsFor({ action, dryRun }: Settled): Rights {
	const right = action === 'show' || dryRun ? 'read' : 'write';
	return { contents: right, pull_requests: right };
}

async function list({ context, forge, where }: Work): Promise<ReviewOutputs> {
	const open = await forge.openPullRequests();
	context.log.info(listText(open, where));
	return {
		requests: open.map(({ number, title, head, base, headCommit: commit, url }) => ({
			...{ number, title, head, base, commit, url },
		})),
	};
}

/**
 * The pull request that is meant, as it is now.
 * @throws Failure (bad input) where no number is known; Failure where it has none.
 */
async function requestMeant({ inputs, context, forge, where }: Work): Promise<PullRequest> {
	const { nameOf } = context;
	const promoted = await context.outputsOf('promotion-pr');
	const number = inputs.number ?? (promoted.number ? Number(promoted.number) : undefined);
	if (number === undefined)
		throw badInput(
			`${nameOf('number')} is missing, and promotion-pr left none in this workspace; see which there are with show`,
		);
	const open = forge.pullRequest === undefined ? await forge.openPullRequests() : [];
	const found =
		(await forge.pullRequest?.(number)) ?? open.find((request) => request.number === number);
	if (found !== undefined) return found;
	const which = forge.pullRequest === undefined ? 'open pull request' : 'pull request';
	throw new Failure(`There is no ${which} ${number} in ${where}; see which there are with show`);
}

function checkCommit({ inputs }: Work, { number, headCommit }: PullRequest): void {
	const { commit } = inputs;
	if (commit === undefined || headCommit === commit) return;
	throw new Failure(
		`Pull request ${number} stands at ${headCommit || 'no commit'}, and not at ${commit}; look at it anew`,
	);
}

async function act(work: Work, request: PullRequest): Promise<void> {
	const { inputs, context, forge } = work;
	const { message = '' } = inputs;
	switch (inputs.action) {
		case 'approve':
			return await able(work, 'approve').call(forge, request, message);
		case 'merge':
			return await merge(work, request);
		case 'ready':
			return await able(work, 'markReady').call(forge, request);
		case 'close':
			return await forge.closePullRequest(request, message || 'Closed by hand.');
		case 'comment':
			if (message === '')
				throw badInput(`${context.nameOf('message')} is missing: there is nothing to say`);
			return await forge.comment(request, message);
	}
}

/** @throws Failure (bad input) for a forge that is not asked for this by the step. */
function able<K extends 'approve' | 'markReady'>(
	{ forge, inputs, context }: Work,
	what: K,
): NonNullable<Forge[K]> {
	const can = forge[what];
	if (can !== undefined) return can as NonNullable<Forge[K]>;
	throw badInput(
		`${context.nameOf('action')} ${inputs.action} is for a plain git server; do it on the page of the pull request, for ${forge.title} has one`,
	);
}

/** A forge is asked to merge it as soon as nothing is missing, where nothing is. */
async function merge(
	{ forge, inputs: { method }, context }: Work,
	request: PullRequest,
): Promise<void> {
	if (forge.merge !== undefined) return await forge.merge(request, { method });
	const { number } = request;
	const { state, waitsFor } = await stateOf(forge, request);
	if (state === 'merged') return;
	if (waitsFor.length > 0)
		throw new Failure(`Pull request ${number} waits for ${waitsFor.join(', ')}; see to that first`);
	const title = `${request.title} (${forge.mark ?? '#'}${number})`;
	// A squash is a commit of the forge's, and is to have the record too.
	const body = inertText(formatTrailers(parseTrailers(request.body)));
	const text = method === 'squash' ? { title, body } : undefined;
	const outcome = await forge.autoMerge?.(request, { method, text, replace: true });
	if (outcome === 'planned')
		context.log.info(`${forge.title} merges it as soon as the rules of its base allow it`);
	else if (outcome !== 'merged')
		throw new Failure(
			`${forge.title} does not merge pull request ${number} now; see ${request.url}`,
		);
}

async function show(work: Work, request: PullRequest): Promise<ReviewOutputs> {
	const { forge, context } = work;
	const { standing, outputs } = await standingOf(work, request);
	const comments = (await forge.commentsOf?.(request)) ?? [];
	// Where one of its branches is gone, that is what it waits for.
	const isWhole = standing.state === 'open' && standing.headCommit !== '';
	const diff = isWhole ? await diffOf(work, request) : undefined;
	const approvals = outputs.approvals ?? [];
	context.log.info(requestText({ request, standing, approvals, comments, diff }));
	return outputs;
}

async function standingOf(
	{ forge }: Work,
	request: PullRequest,
): Promise<{ standing: MergeState; outputs: ReviewOutputs }> {
	const standing = await stateOf(forge, request);
	const { number, url } = request;
	const { state, mergeCommit, waitsFor } = standing;
	const approvals = standing.approvedBy && [...standing.approvedBy];
	const outputs = { number, url, state, approvals, waitsFor: [...waitsFor], mergeCommit };
	return { standing, outputs: { ...outputs, merged: state === 'merged' } };
}

/** What it would change in its base, as git has it. */
async function diffOf(
	{ inputs, context }: Work,
	{ head, base }: PullRequest,
): Promise<string | undefined> {
	const repository = await openFrom(inputs.repository, inputs, context);
	try {
		const [onto, tip] = [await repository.fetchBranch(base), await repository.fetchBranch(head)];
		const ancestor = await mergeBase(repository, onto, tip);
		await repository.fetchCommit(ancestor);
		return await repository.diff(ancestor, tip);
	} finally {
		await repository.close();
	}
}

function sentence({ number, url }: PullRequest, standing: MergeState): string {
	const { state, mergeCommit, waitsFor } = standing;
	const as = mergeCommit === undefined ? '' : ` as ${mergeCommit}`;
	const missing =
		state === 'open' && waitsFor.length > 0 ? `, and waits for ${waitsFor.join(', ')}` : '';
	return `Pull request ${number} is ${state}${as}${missing}: ${url}`;
}
