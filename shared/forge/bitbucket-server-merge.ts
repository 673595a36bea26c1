import { Failure } from '../failure/failure.ts';
import type { HttpResponse } from '../http/client.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { type Attempt, keepTrying, squashMessage, waits } from './merging.ts';
import type { Rest } from './rest.ts';

/** What of a pull request tells how it stands (developer.atlassian.com/server/bitbucket/rest). */
interface Merging {
	version: number;
	state: 'OPEN' | 'MERGED' | 'DECLINED';
	draft?: boolean;
	fromRef: { latestCommit: string };
	toRef: { id: string; latestCommit: string };
	reviewers: { status: string }[];
	properties?: { mergeCommit?: { id: string } };
}

interface Mergeability {
	canMerge: boolean;
	conflicted: boolean;
	vetoes: { summaryMessage: string }[];
}

/** A merge that is to be made once all checks pass; Bitbucket has it since version 8.15. */
interface Planned {
	fromHash: string;
	strategyId?: string;
	message?: string;
}

/** One pull request, and how to ask for it. */
export interface MergeQuestion {
	readonly rest: Rest;
	readonly number: number;
	/** Its path in the API. */
	readonly path: string;
}

const strategies = { merge: 'no-ff', squash: 'squash', rebase: 'rebase-ff-only' } as const;

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const pull = await read(question);
	const known = {
		state: states[pull.state],
		mergeCommit: pull.properties?.mergeCommit?.id,
		headCommit: pull.fromRef.latestCommit,
		baseCommit: pull.toRef.latestCommit,
	};
	if (pull.state !== 'OPEN') return { ...known, outdated: undefined, waitsFor: [] };
	const mergeability = await readMergeability(question);
	return {
		...known,
		outdated: mergeability.conflicted ? 'conflict' : undefined,
		waitsFor: waitsFor(pull, mergeability),
		planned: (await readPlan(question)) !== undefined,
	};
}

/**
 * Has Bitbucket merge a pull request once its checks pass, where that is turned on for the
 * repository; where they pass already, it is merged at once. The version says which state of
 * the pull request is meant.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const { rest, number, path } = question;
	const look = async () => {
		const pull = await read(question);
		return { pull, state: states[pull.state] };
	};
	return await keepTrying(rest, number, look, async ({ pull }) => {
		const plan = await readPlan(question);
		if (plan !== undefined) {
			if (isPlan(plan, pull, wish)) return 'planned';
			await takeBack(question);
		}
		const { canMerge } = await readMergeability(question);
		const message = squashMessage(wish);
		const response = await rest.sendOnce({
			method: 'POST',
			path: `${path}/merge`,
			query: { version: pull.version },
			body: {
				version: pull.version,
				strategyId: strategies[wish.method],
				...(message && { message, autoSubject: false }),
				...(!canMerge && { autoMerge: true }),
			},
		});
		return outcomeOf(question, response, wish);
	});
}

/** Takes a planned merge back. */
export async function cancelAutoMerge(question: MergeQuestion): Promise<void> {
	if ((await readPlan(question)) !== undefined) await takeBack(question);
}

/** 409: it is not open any more. */
async function takeBack({ rest, number, path }: MergeQuestion): Promise<void> {
	const response = await rest.send({ method: 'DELETE', path: `${path}/auto-merge` });
	if (response.status >= 300 && response.status !== 404 && response.status !== 409)
		throw rest.refused(`take back the planned merge of pull request ${number}`, response);
}

async function read({ rest, number, path }: MergeQuestion): Promise<Merging> {
	return await rest.ask<Merging>(`read how pull request ${number} stands`, { path });
}

async function readMergeability({ rest, number, path }: MergeQuestion): Promise<Mergeability> {
	const doing = `read whether pull request ${number} can be merged`;
	return await rest.ask<Mergeability>(doing, { path: `${path}/merge` });
}

/** Undefined where there is none; a server that is older than that answers in the same way. */
async function readPlan({ rest, number, path }: MergeQuestion): Promise<Planned | undefined> {
	const response = await rest.send({ path: `${path}/auto-merge` });
	if (response.status === 404 || response.text === '') return undefined;
	if (response.status >= 300)
		throw rest.refused(`read the planned merge of pull request ${number}`, response);
	return rest.parse<Planned>(response);
}

function isPlan(plan: Planned, { fromRef }: Merging, wish: AutoMerge): boolean {
	if (plan.fromHash !== fromRef.latestCommit) return false;
	if (plan.strategyId !== strategies[wish.method]) return false;
	const message = squashMessage(wish);
	return message === undefined || plan.message?.trim() === message.trim();
}

function outcomeOf(
	{ rest, number }: MergeQuestion,
	response: HttpResponse | Failure,
	{ method }: AutoMerge,
): Attempt {
	if (response instanceof Failure) return { failure: response };
	if (response.status < 300)
		return rest.parse<Merging>(response).state === 'MERGED' ? 'merged' : 'planned';
	const words = rest.words(response);
	const strategy = /strateg/i.test(words);
	// The repository's setting: nothing is merged by itself there.
	if (response.status === 403 && /auto-?merge/i.test(words))
		return { noPlan: "Auto-merge is not turned on in the repository's settings" };
	const advice = strategy
		? `turn ${strategies[method]} on among the merge strategies of the repository, or give auto-merge another one`
		: undefined;
	const failure = rest.refused(`plan the merge of pull request ${number}`, response, advice);
	if (response.status >= 500) return { failure };
	if (response.status !== 409 || strategy) throw failure;
	// Changed by another meanwhile; else it is in conflict, or a server without auto-merge vetoes.
	return /out[- ]of[- ]date|version/i.test(words) ? { failure } : 'not-yet';
}

const states = { OPEN: 'open', MERGED: 'merged', DECLINED: 'closed' } as const;

function waitsFor(pull: Merging, { conflicted, vetoes }: Mergeability): string[] {
	const base = pull.toRef.id.replace(/^refs\/heads\//, '');
	return [
		...(pull.draft ? [waits.draft] : []),
		...(conflicted ? [waits.conflict(base)] : []),
		...(pull.reviewers.some(({ status }) => status === 'NEEDS_WORK') ? [waits.rejection] : []),
		...vetoes.map(({ summaryMessage }) => `the merge check "${summaryMessage}"`),
	];
}
