import { Failure } from '../failure/failure.ts';
import type { HttpResponse } from '../http/client.ts';
import type { AutoMerge, AutoMergeOutcome, MergeState } from './forge.ts';
import { type Attempt, keepTrying, missingCheck, squashMessage, waits } from './merging.ts';
import type { Rest } from './rest.ts';

/** What of a pull request tells how it stands (developer.atlassian.com/cloud/bitbucket/rest). */
interface Merging {
	state: 'OPEN' | 'MERGED' | 'DECLINED' | 'SUPERSEDED';
	draft?: boolean;
	task_count?: number;
	author: { uuid: string } | null;
	source: { commit: { hash: string } | null };
	destination: { branch: { name: string }; commit: { hash: string } | null };
	participants?: { user: { uuid: string }; approved: boolean; state: string | null }[];
	merge_commit?: { hash: string } | null;
}

/** A rule for branches, of which those for merges are enforced on premium plans alone. */
interface Restriction {
	kind: string;
	branch_match_kind: 'glob' | 'branching_model';
	pattern: string;
	value?: number | null;
}

interface Build {
	name?: string;
	key: string;
	state: 'FAILED' | 'INPROGRESS' | 'STOPPED' | 'SUCCESSFUL';
}

interface Page<T> {
	values: T[];
}

/** One pull request, and how to ask for it. */
export interface MergeQuestion {
	readonly rest: Rest;
	readonly number: number;
	/** The repository's path in the API. */
	readonly repository: string;
}

const strategies = {
	merge: 'merge_commit',
	squash: 'squash',
	rebase: 'rebase_fast_forward',
} as const;

const noPlan = 'Bitbucket plans no merges by its API';

/** How a pull request stands, and what it waits for. */
export async function mergeState(question: MergeQuestion): Promise<MergeState> {
	const pull = await read(question);
	const { hash = '' } = pull.source.commit ?? {};
	const state = stateOf(pull);
	if (state !== 'open') {
		const merged = pull.merge_commit?.hash;
		return {
			state,
			mergeCommit: merged && (await wholeHash(question, merged)),
			headCommit: hash && (await wholeHash(question, hash)),
			baseCommit: undefined,
			outdated: undefined,
			waitsFor: [],
		};
	}
	const base = await tipOf(question, pull.destination.branch.name);
	const meets = await editsMeet(question, hash, base);
	return {
		state,
		mergeCommit: undefined,
		headCommit: hash,
		baseCommit: base,
		outdated: meets ? 'conflict' : undefined,
		waitsFor: [
			...(meets ? [waits.conflict(pull.destination.branch.name)] : []),
			...(await missing(question, pull)),
		],
	};
}

/**
 * Merges a pull request where nothing is missing; Bitbucket's API plans no merges. Of what is
 * missing it enforces the less the cheaper the plan, so that the step looks by itself: at the
 * rules of the base, at builds that are there, at tasks, and at who asked for changes.
 */
export async function autoMerge(
	question: MergeQuestion,
	wish: AutoMerge,
): Promise<AutoMergeOutcome> {
	const { rest, number } = question;
	const look = async () => {
		const pull = await read(question);
		return { pull, state: stateOf(pull) };
	};
	return await keepTrying(rest, number, look, async ({ pull }) => {
		if ((await missing(question, pull)).length > 0) return { noPlan };
		const message = squashMessage(wish);
		const response = await rest.sendOnce({
			method: 'POST',
			path: `${of(question)}/merge`,
			body: {
				type: 'pullrequest',
				merge_strategy: strategies[wish.method],
				close_source_branch: false,
				...(message && { message }),
			},
		});
		return outcomeOf(question, response, wish);
	});
}

/** 555: it took too long, and may be done yet. 409: a branch moved, or it is in conflict. */
function outcomeOf(
	{ rest, number }: MergeQuestion,
	response: HttpResponse | Failure,
	{ method }: AutoMerge,
): Attempt {
	if (response instanceof Failure) return { failure: response };
	if (response.status === 202) return {};
	if (response.status < 300) return 'merged';
	const strategy = /strateg/i.test(rest.words(response));
	const failure = rest.refused(
		`merge pull request ${number}`,
		response,
		strategy
			? `allow ${strategies[method]} among the merge strategies of the repository, or give auto-merge another one`
			: undefined,
	);
	if (response.status >= 500) return { failure };
	if (strategy) throw failure;
	if (response.status !== 409 && response.status !== 400) throw failure;
	return { noPlan: `${noPlan} (it says: ${rest.words(response)})` };
}

async function read(question: MergeQuestion): Promise<Merging> {
	const doing = `read how pull request ${question.number} stands`;
	return await question.rest.ask<Merging>(doing, { path: of(question) });
}

function of({ repository, number }: MergeQuestion): string {
	return `${repository}/pullrequests/${number}`;
}

function stateOf({ state }: Merging): MergeState['state'] {
	return state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed';
}

/** What is missing beside the end of a conflict. */
async function missing(question: MergeQuestion, pull: Merging): Promise<string[]> {
	const { rest } = question;
	const [rules, { values: builds }] = await Promise.all([
		rulesOf(question, pull.destination.branch.name),
		rest.ask<Page<Build>>(`read the builds of pull request ${question.number}`, {
			path: `${of(question)}/statuses`,
			query: { pagelen: 100 },
		}),
	]);
	const { participants = [], author, task_count: tasks = 0 } = pull;
	const wanted = (kind: string) => Math.max(0, ...rules.filter(isOf(kind)).map(numberOf));
	const approvals = participants.filter(
		({ approved, user }) => approved && user.uuid !== author?.uuid,
	);
	const passed = builds.filter(({ state }) => state === 'SUCCESSFUL');
	const failing = builds.filter(({ state }) => state !== 'SUCCESSFUL');
	const wantedBuilds = wanted('require_passing_builds_to_merge');
	const wantedApprovals = Math.max(
		wanted('require_approvals_to_merge'),
		wanted('require_default_reviewer_approvals_to_merge'),
	);
	const tasksCount = rules.some(isOf('require_tasks_to_be_completed')) && tasks > 0;
	return [
		...(pull.draft ? [waits.draft] : []),
		...(approvals.length < wantedApprovals ? [waits.review] : []),
		...(participants.some(({ state }) => state === 'changes_requested') ? [waits.rejection] : []),
		...(tasksCount ? ['its tasks to be completed'] : []),
		...failing.map(({ name, key, state }) =>
			missingCheck(`the check ${name ?? key}`, state !== 'INPROGRESS'),
		),
		...(failing.length === 0 && passed.length < wantedBuilds
			? [missingCheck('a build', false)]
			: []),
	];
}

/** Rules for merges into a branch; none where the token may not read them. */
async function rulesOf(
	{ rest, repository }: MergeQuestion,
	branch: string,
): Promise<Restriction[]> {
	const response = await rest.send({
		path: `${repository}/branch-restrictions`,
		query: { pagelen: 100 },
	});
	if (response.status === 401 || response.status === 403) return [];
	if (response.status >= 300) throw rest.refused(`read the rules for ${branch}`, response);
	const { values } = rest.parse<Page<Restriction>>(response);
	// What kind of branch a name is by the branching model, is told by no public part of the API.
	return values.filter(
		({ branch_match_kind: kind, pattern }) => kind !== 'glob' || matches(pattern, branch),
	);
}

function matches(pattern: string, branch: string): boolean {
	const source = pattern
		.split('*')
		.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
		.join('.*');
	return new RegExp(`^${source}$`).test(branch);
}

const isOf = (kind: string) => (rule: Restriction) => rule.kind === kind;
const numberOf = ({ value }: Restriction) => value ?? 1;

/**
 * Whether the base got edits, since the branch left it, of files that the branch edits: the API
 * tells of no conflict before a merge is tried.
 */
async function editsMeet(question: MergeQuestion, head: string, base: string): Promise<boolean> {
	const { rest, repository } = question;
	const doing = `compare ${head} with its base`;
	const { hash: fork } = await rest.ask<{ hash: string }>(doing, {
		path: `${repository}/merge-base/${head}..${base}`,
	});
	if (fork === base) return false;
	const edited = async (spec: string, paths: readonly string[] = []) => {
		const query = paths.map((path) => `path=${encodeURIComponent(path)}`).join('&');
		const { values } = await rest.ask<Page<{ new?: File; old?: File }>>(doing, {
			path: `${repository}/diffstat/${spec}${query === '' ? '' : `?${query}`}`,
		});
		return values.flatMap((file) => file.new?.path ?? file.old?.path ?? []);
	};
	const ours = await edited(`${head}..${fork}`);
	return ours.length > 0 && (await edited(`${base}..${fork}`, ours)).length > 0;
}

interface File {
	path: string;
}

async function tipOf({ rest, repository }: MergeQuestion, branch: string): Promise<string> {
	const name = branch.split('/').map(encodeURIComponent).join('/');
	const { target } = await rest.ask<{ target: { hash: string } }>(`read the tip of ${branch}`, {
		path: `${repository}/refs/branches/${name}`,
	});
	return target.hash;
}

/** Pull requests name commits by their first 12 digits. */
async function wholeHash({ rest, repository }: MergeQuestion, short: string): Promise<string> {
	const { hash } = await rest.ask<{ hash: string }>(`read commit ${short}`, {
		path: `${repository}/commit/${short}`,
	});
	return hash;
}
