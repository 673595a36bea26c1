import { setTimeout as sleep } from 'node:timers/promises';
import { badInput, exitCode, Failure } from '../../shared/failure/failure.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	NoPlan,
	PullRequest,
} from '../../shared/forge/forge.ts';
import { stateOf } from '../../shared/forge/pull-request.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import type { PromotionInputs } from './inputs.ts';

/** A pull request that says what it is to say, and may be merged from now on. */
export interface Ready {
	readonly request: PullRequest;
	/** The commit that it is to bring. */
	readonly commit: string;
	/** The base's tip that this commit stands on; undefined where it is an older one. */
	readonly base: string | undefined;
	/** Whether this run changed anything of it. */
	readonly changed: boolean;
	/** Message of the commit that a squash makes: the record stands in it. */
	readonly text: NonNullable<AutoMerge['text']>;
}

/** What became of it: `outdated` where the edit has to be made anew, on a newer base. */
export type MergeEnd =
	| { readonly kind: 'outdated'; readonly why: string }
	| { readonly kind: 'done'; readonly merged: boolean; readonly mergeCommit: string | undefined };

type Context = Pick<StepContext, 'log' | 'signal' | 'nameOf'>;

/** Pauses between two looks at a pull request, in ms. */
const pauses = { first: 500, longest: 15_000 };

/** @throws Failure (bad input) for a forge that does not do what the inputs ask for. */
export function checkMerging(
	inputs: PromotionInputs,
	{ title, autoMerge }: Forge,
	{ nameOf }: Context,
): void {
	if (inputs.autoMerge !== undefined && autoMerge === undefined)
		throw badInput(`${title} merges nothing by itself; leave ${nameOf('auto-merge')} out`);
	if (inputs.autoMerge !== undefined && inputs.draft)
		throw badInput(
			`${nameOf('auto-merge')} and ${nameOf('draft')} exclude each other: a draft is never merged`,
		);
}

/**
 * Has the forge merge the pull request and waits for that, as far as the inputs ask for
 * either.
 * @throws Failure where it is closed without being merged, or cannot be merged and nobody is
 * to wait.
 */
export async function seeThrough(
	inputs: PromotionInputs,
	forge: Forge,
	ready: Ready,
	{ log, signal }: Context,
): Promise<MergeEnd> {
	const name = `Pull request ${ready.request.number}`;
	let outcome: AutoMergeOutcome | undefined;
	let told: string | undefined;
	try {
		for (let look = 1; ; look++) {
			if (outcome !== 'planned' && outcome !== 'merged')
				outcome = await plan(inputs, forge, ready, log);
			const state = await stateOf(forge, ready.request);
			if (state.state !== 'open') return ended(inputs, ready, state, log);
			const missing = state.waitsFor.join(', ');
			if (inputs.wait === 'none') {
				if (outcome === 'not-yet' || typeof outcome === 'object')
					throw notMergeable(forge, name, missing, outcome);
				if (missing !== '' && inputs.autoMerge) log.info(`${name} waits for ${missing}`);
				return { kind: 'done', merged: false, mergeCommit: undefined };
			}
			if (state.outdated !== undefined && hasMoved(state.baseCommit, ready.base))
				return { kind: 'outdated', why: `${name} waits for ${missing}` };
			if (state.expelled !== undefined && outcome === 'planned')
				throw new Failure(
					`${forge.title} took ${name.toLowerCase()} out of its merge queue: ${state.expelled}; see to that, and run this again (${ready.request.url})`,
				);
			// What a push or a check that failed put an end to is planned anew.
			if (outcome === 'planned' && state.planned === false) outcome = undefined;
			const waiting = `${name} waits for ${missing || 'its merge'}`;
			if (waiting !== told) log.info(waiting);
			told = waiting;
			const pause = Math.min(pauses.first * 1.5 ** (look - 1), pauses.longest);
			await sleep(pause, undefined, { signal }).catch(() => {
				throw signal.reason;
			});
		}
	} catch (error) {
		throw late(error, told);
	}
}

/** Whether the base is not what the edit was made on; one that the forge does not tell may be. */
function hasMoved(now: string | undefined, madeOn: string | undefined): boolean {
	return madeOn === undefined || (now !== undefined && now !== madeOn);
}

/** What is told of a pull request that is open no more. */
function ended(
	{ wait }: PromotionInputs,
	{ request, commit }: Ready,
	{ state, mergeCommit, headCommit }: MergeState,
	log: Context['log'],
): MergeEnd {
	const name = `Pull request ${request.number}`;
	if (state === 'merged') {
		log.info(`${name} is merged${mergeCommit ? ` as ${mergeCommit}` : ''}`);
		if (headCommit !== commit)
			log.warn(`What was merged is ${headCommit}, which somebody else put in its place`);
		return { kind: 'done', merged: true, mergeCommit };
	}
	const closed = `${name} was closed without being merged: ${request.url}`;
	if (wait === 'merged') throw new Failure(`${closed}; see there why`);
	log.info(closed);
	return { kind: 'done', merged: false, mergeCommit: undefined };
}

/** Has the forge merge it, where the inputs ask for that. */
async function plan(
	{ autoMerge: method }: PromotionInputs,
	forge: Forge,
	{ request, changed, text }: Ready,
	log: Context['log'],
): Promise<AutoMergeOutcome | undefined> {
	if (method === undefined || forge.autoMerge === undefined) return undefined;
	const outcome = await forge.autoMerge(request, {
		method,
		// A merge and a rebase keep the commit that has the record; of a squash the forge writes one.
		...(method === 'squash' && {
			text: { ...text, title: `${text.title} (${forge.mark ?? '#'}${request.number})` },
		}),
		replace: changed,
	});
	if (outcome === 'planned')
		log.info(
			`${forge.title} merges pull request ${request.number} (${method}) as soon as the rules of its base allow it`,
		);
	return outcome;
}

function notMergeable(
	forge: Forge,
	name: string,
	missing: string,
	outcome: 'not-yet' | NoPlan,
): Failure {
	if (outcome !== 'not-yet')
		return new Failure(
			`${outcome.noPlan}, and ${name.toLowerCase()} waits for ${missing || 'something else'}; let the step wait for the merge, which it then makes itself as soon as nothing is missing`,
		);
	const why =
		missing === ''
			? 'no rule of its base asks for the checks that run or failed; make them required'
			: `it waits for ${missing}; see to that`;
	return new Failure(`${forge.title} plans no merge of ${name.toLowerCase()} now: ${why}, or wait`);
}

/** The end of the time, with what was waited for. */
function late(error: unknown, waiting: string | undefined): unknown {
	if (!(error instanceof Failure) || error.exitCode !== exitCode.timedOut || !waiting) return error;
	return new Failure(`${error.message}; ${waiting}`, { exitCode: error.exitCode, cause: error });
}
