import type { Failure } from '../failure/failure.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { type Attempt, keepTrying, missingCheck, squashMessage, waits } from './merging.ts';
import type { Rest } from './rest.ts';

/** What of a pull request tells how it stands (learn.microsoft.com/rest/api/azure/devops/git). */
interface Merging {
	status: 'active' | 'abandoned' | 'completed';
	isDraft?: boolean;
	targetRefName: string;
	/** What came of the last trial merge, which Azure makes in the background. */
	mergeStatus?: string;
	mergeFailureMessage?: string;
	lastMergeSourceCommit?: { commitId: string };
	lastMergeTargetCommit?: { commitId: string };
	lastMergeCommit?: { commitId: string };
	autoCompleteSetBy?: { id: string };
	completionOptions?: { mergeStrategy?: string; mergeCommitMessage?: string };
	reviewers?: { displayName: string; vote: number }[];
	repository: { project: { id: string } };
}

/** How one policy of the base stands to a pull request. */
interface Evaluation {
	status: 'queued' | 'running' | 'approved' | 'rejected' | 'notApplicable' | 'broken';
	configuration: {
		type: { id: string; displayName: string };
		settings?: { displayName?: string; statusGenre?: string; statusName?: string };
	};
}

/** One pull request, and how to ask for it. */
export interface MergeQuestion {
	readonly rest: Rest;
	readonly number: number;
	/** Its path in the API, and that of its project. */
	readonly path: string;
	readonly project: string;
	readonly version: { readonly 'api-version': string };
}

const nobody = '00000000-0000-0000-0000-000000000000';
const strategies = { merge: 'noFastForward', squash: 'squash', rebase: 'rebase' } as const;

/** Ids of the kinds of policies, which are the same everywhere. */
const policies: Readonly<Record<string, string>> = {
	'fa4e907d-c16b-4a4c-9dfa-4906e5d171dd': waits.review,
	'fd2167ab-b0be-447a-8ec8-39368250530e': 'an approving review of those who have to give one',
	'c6a1889d-b943-4856-b76f-9e46bb6b0df2': waits.discussions,
	'40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e': 'a linked work item',
};

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const pull = await read(question);
	const open = pull.status === 'active';
	const conflict = open && pull.mergeStatus === 'conflicts';
	return {
		state: states[pull.status],
		mergeCommit: pull.status === 'completed' ? pull.lastMergeCommit?.commitId : undefined,
		headCommit: pull.lastMergeSourceCommit?.commitId ?? '',
		baseCommit: pull.lastMergeTargetCommit?.commitId,
		outdated: conflict ? 'conflict' : undefined,
		waitsFor: open ? waitsFor(pull, await evaluationsOf(question, pull)) : [],
	};
}

/**
 * Has Azure complete a pull request once the policies of its base are met: auto-complete. Where
 * they are met already, or there are none, it is completed at once, as the commit that was seen.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const { rest, number } = question;
	const look = async () => {
		const pull = await read(question);
		return { pull, state: states[pull.status] };
	};
	return await keepTrying(rest, number, look, async ({ pull }) => {
		if (isPlanned(pull, wish)) return 'planned';
		const { mergeStatus = 'notSet' } = pull;
		if (mergeStatus === 'notSet' || mergeStatus === 'queued') return {};
		const evaluations = await evaluationsOf(question, pull);
		const ready = evaluations?.every(isMet) && waitsFor(pull, evaluations).length === 0;
		const change = ready
			? { status: 'completed', lastMergeSourceCommit: pull.lastMergeSourceCommit }
			: { autoCompleteSetBy: { id: await ownId(question) } };
		return await complete(question, { ...change, completionOptions: optionsFor(wish) });
	});
}

/** Takes auto-complete back, which Azure does for an id of zeros. */
export async function cancelAutoMerge(question: MergeQuestion): Promise<void> {
	const { rest, number, path, version } = question;
	const { autoCompleteSetBy } = await read(question);
	if (autoCompleteSetBy === undefined) return;
	const body = { autoCompleteSetBy: { id: nobody } };
	const response = await rest.send({ method: 'PATCH', path, query: version, body });
	// 409: it was completed meanwhile.
	if (response.status >= 300 && response.status !== 409)
		throw rest.refused(`take back the planned merge of pull request ${number}`, response);
}

async function complete(question: MergeQuestion, body: object): Promise<Attempt> {
	const { rest, number, path, version } = question;
	const response = await rest.send({ method: 'PATCH', path, query: version, body });
	if (response.status < 300)
		return rest.parse<Merging>(response).status === 'completed' ? 'merged' : 'planned';
	const failure: Failure = rest.refused(
		`complete pull request ${number}`,
		response,
		response.status === 403
			? 'give a token that may contribute to pull requests and write to that branch'
			: undefined,
	);
	// A branch moved, or somebody else was first.
	if (response.status === 409 || response.status >= 500) return { failure };
	throw failure;
}

function optionsFor(wish: AutoMerge): object {
	const message = squashMessage(wish);
	return {
		mergeStrategy: strategies[wish.method],
		deleteSourceBranch: false,
		transitionWorkItems: false,
		...(message && { mergeCommitMessage: message }),
	};
}

function isPlanned({ autoCompleteSetBy, completionOptions }: Merging, wish: AutoMerge): boolean {
	if (autoCompleteSetBy === undefined) return false;
	if (completionOptions?.mergeStrategy !== strategies[wish.method]) return false;
	const message = squashMessage(wish);
	return message === undefined || completionOptions.mergeCommitMessage?.trim() === message.trim();
}

async function read({ rest, number, path, version }: MergeQuestion): Promise<Merging> {
	const doing = `read how pull request ${number} stands`;
	return await rest.ask<Merging>(doing, { path, query: version });
}

/** Who the token belongs to: auto-complete is set in somebody's name. */
async function ownId({ rest }: MergeQuestion): Promise<string> {
	const { authenticatedUser } = await rest.ask<{ authenticatedUser: { id: string } }>(
		'find out whom the token belongs to',
		{ path: '/_apis/connectionData', query: { 'api-version': '7.1-preview' } },
	);
	return authenticatedUser.id;
}

/** Undefined where the token may not read policies. */
async function evaluationsOf(
	{ rest, number, project }: MergeQuestion,
	{ repository }: Merging,
): Promise<Evaluation[] | undefined> {
	const response = await rest.send({
		path: `/${project}/_apis/policy/evaluations`,
		query: {
			artifactId: `vstfs:///CodeReview/CodeReviewId/${repository.project.id}/${number}`,
			'api-version': '7.1-preview',
		},
	});
	if (response.status === 401 || response.status === 403) return undefined;
	if (response.status >= 300) throw rest.refused('read the policies of the base', response);
	return rest.parse<{ value: Evaluation[] }>(response).value;
}

function isMet({ status }: Evaluation): boolean {
	return status === 'approved' || status === 'notApplicable';
}

const states = { active: 'open', abandoned: 'closed', completed: 'merged' } as const;
/** A vote of 'wait for author', and below it one of 'rejected'. */
const waitForAuthor = -5;

function waitsFor(pull: Merging, evaluations: readonly Evaluation[] = []): string[] {
	const base = pull.targetRefName.replace(/^refs\/heads\//, '');
	const { isDraft = false, mergeStatus, mergeFailureMessage, reviewers = [] } = pull;
	return [
		...(isDraft ? [waits.draft] : []),
		...(mergeStatus === 'conflicts' ? [waits.conflict(base)] : []),
		...(mergeStatus === 'failure'
			? [`what Azure says: ${mergeFailureMessage ?? mergeStatus}`]
			: []),
		...(reviewers.some(({ vote }) => vote <= waitForAuthor) ? [waits.rejection] : []),
		...evaluations.filter((evaluation) => !isMet(evaluation)).map(policyReason),
	];
}

function policyReason({ status, configuration: { type, settings } }: Evaluation): string {
	const known = policies[type.id];
	if (known !== undefined) return known;
	const { displayName, statusGenre, statusName } = settings ?? {};
	const check = displayName ?? [statusGenre, statusName].filter(Boolean).join('/');
	const name = check === '' ? `the policy ${type.displayName}` : `the check ${check}`;
	return missingCheck(name, status === 'rejected' || status === 'broken');
}
