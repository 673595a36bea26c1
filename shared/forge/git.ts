import { Failure } from '../failure/failure.ts';
import { readCommit } from '../git/objects.ts';
import type { Repository } from '../git/repository.ts';
import type { Log } from '../log/log.ts';
import type {
	AutoMerge,
	AutoMergeOutcome,
	Forge,
	MergeState,
	MergeWish,
	NewPullRequest,
	Opened,
	PullRequest,
	RequestComment,
} from './forge.ts';
import { makeMerge, type Tips, tryMerge } from './git-merge.ts';
import {
	approversOf,
	endOf,
	isSamePerson,
	missingFor,
	type RequestRecord,
	withApproval,
} from './git-record.ts';
import { type RequestChange, RequestStore, type StoredRequest } from './git-requests.ts';

/**
 * A git server with no forge around it: requests are refs of the repository itself, and what a
 * forge does by itself is done by whoever asks for it, by pushes that go through only while all
 * is as it was when it was looked at. Who somebody is, is what the commits say: as far as the
 * server lets people push, they are believed.
 */
export class GitForge implements Forge {
	readonly kind = 'git';
	readonly title = 'Lockstep';
	readonly opensOne = true;
	readonly #repository: Repository;
	readonly #store: RequestStore;
	readonly #log: Log;
	/** Whether one commit can be merged into another one, by both names; that never changes. */
	readonly #standing = new Map<string, Awaited<ReturnType<typeof tryMerge>>>();

	/** @param repository - becomes the forge's own: `close` closes it */
	constructor(repository: Repository, log: Log) {
		this.#repository = repository;
		this.#store = new RequestStore(repository);
		this.#log = log;
	}

	async close(): Promise<void> {
		await this.#repository.close();
	}

	async openPullRequests(): Promise<PullRequest[]> {
		const open = await this.#store.list(({ state }) => state === 'open');
		if (open.length === 0) return [];
		const refs = open.map(({ record }) => branchRef(record.head));
		const tips = await this.#repository.remoteRefs(...new Set(refs));
		return open.map(({ record }) => this.#view(record, tips.get(branchRef(record.head))));
	}

	async latestPullRequest(head: string): Promise<PullRequest | undefined> {
		const [latest] = await this.#store.list((line) => line.head === head, 1);
		return latest && (await this.#viewNow(latest));
	}

	async pullRequest(number: number): Promise<PullRequest | undefined> {
		const found = await this.#store.read(number);
		return found && (await this.#viewNow(found));
	}

	async openPullRequest({ head, base, title, body, draft }: NewPullRequest): Promise<Opened> {
		const { request, created } = await this.#store.create(
			(number) => ({
				record: {
					...{ number, title, body, head, base, draft },
					state: 'open',
					opened: this.#mark(),
					labels: [],
					assignees: [],
					reviewers: [],
					approvals: [],
					comments: [],
				},
				happened: `Open request ${number}: ${title}`,
			}),
			(line) => line.head === head && line.base === base,
		);
		return { request: await this.#viewNow(request), created };
	}

	async updatePullRequest(
		{ number }: PullRequest,
		{ title, body }: { title: string; body: string },
	): Promise<void> {
		await this.#store.change(number, (record) =>
			record.title === title && record.body === body.trimEnd()
				? undefined
				: { record: { ...record, title, body }, happened: `Update request ${number}: ${title}` },
		);
	}

	/** Where its commits are in the base already, it was merged by hand, and is told to be. */
	async closePullRequest({ number }: PullRequest, comment: string): Promise<void> {
		await this.#store.change(number, async (record) => {
			if (record.state !== 'open') return undefined;
			const tips = await this.#tips(record);
			if (tips && (await this.#standingOf(tips)) === 'known')
				return this.#mergedByHand(record, tips);
			const said = { ...this.#mark(), text: comment };
			const closed = { ...record, state: 'closed' as const, comments: [...record.comments, said] };
			return { record: closed, happened: `Close request ${number}`, text: comment };
		});
	}

	async comment({ number }: PullRequest, text: string): Promise<void> {
		const said = { ...this.#mark(), text };
		await this.#store.change(number, (record) => {
			const last = record.comments.at(-1);
			// An answer may have got lost, and then somebody else have changed the request.
			if (last?.text === text && isSamePerson(last.by, said.by)) return undefined;
			const comments = [...record.comments, said];
			return { record: { ...record, comments }, happened: `Comment on request ${number}`, text };
		});
	}

	async addLabels({ number }: PullRequest, labels: readonly string[]): Promise<void> {
		await this.#add(number, 'labels', labels, `Label request ${number}`);
	}

	async addAssignees({ number }: PullRequest, users: readonly string[]): Promise<void> {
		await this.#add(number, 'assignees', users, `Assign request ${number} to`);
	}

	async reviewersOf({ number }: PullRequest): Promise<string[]> {
		const { record } = await this.#read(number);
		return record.approvals.map(({ by }) => by.name);
	}

	async askForReview(
		{ number }: PullRequest,
		{ users, teams }: { users: readonly string[]; teams: readonly string[] },
	): Promise<void> {
		if (users.length > 0)
			await this.#add(number, 'reviewers', users, `Ask for approval of request ${number}:`);
		if (teams.length > 0)
			throw new Failure(
				`A plain git server has no teams, so ${teams.join(', ')} were not asked for a review of request ${number}; name people as reviewers`,
			);
	}

	async commentsOf({ number }: PullRequest): Promise<RequestComment[]> {
		const { record } = await this.#read(number);
		return record.comments.map(({ by, at, text }) => ({ by: by.name, at, text }));
	}

	/**
	 * Approves the commit that the request stands at. Where a merge is planned and nothing else is
	 * missing, it is made.
	 */
	async approve(request: PullRequest, text: string): Promise<void> {
		const { number } = request;
		const { record } = await this.#store.change(number, async (record) => {
			const given = { ...this.#mark(), commit: request.headCommit };
			const isDone = approversOf(record, given.commit).some((by) => isSamePerson(by, given.by));
			// Its last approval may have merged it.
			if (isDone && record.state !== 'closed') return undefined;
			const { head } = await this.#tipsToMerge(record);
			if (head !== given.commit)
				throw new Failure(
					`${record.head} has moved from ${request.headCommit} to ${head} meanwhile; look at request ${number} anew`,
				);
			await this.#refuseOwn(record, head);
			return {
				record: withApproval(record, given),
				happened: `Approve request ${number} at ${head.slice(0, 12)}`,
				text,
			};
		});
		const { autoMerge, state: now } = record;
		const isMissing = missingFor(record, request.headCommit).length > 0;
		if (now !== 'open' || autoMerge === undefined || isMissing) return;
		const state = await this.mergeState(request);
		if (state.outdated === undefined) await this.merge(request, autoMerge);
		else this.#log.warn(`${conflictOf(record)}, so that it is not merged; ${adviceOnConflict}`);
	}

	async markReady({ number }: PullRequest): Promise<void> {
		await this.#store.change(number, (record) =>
			record.draft
				? { record: { ...record, draft: false }, happened: `Take request ${number} for no draft` }
				: undefined,
		);
	}

	/**
	 * Merges by commits of its own, in one push with what the request says then: both, or none.
	 * Where the base moves meanwhile, they are made anew on that.
	 */
	async merge({ number }: PullRequest, { method, text }: MergeWish): Promise<void> {
		await this.#store.change(number, async (record) => {
			if (record.state === 'merged') return undefined;
			const tips = await this.#tipsToMerge(record);
			const missing = missingFor(record, tips.head);
			if (missing.length > 0)
				throw new Failure(`Request ${number} waits for ${missing.join(', ')}; see to that first`);
			const made = await makeMerge(this.#repository, tips, method, { ...record, squash: text });
			if (made.kind === 'known') return this.#mergedByHand(record, tips);
			if (made.kind === 'conflict')
				throw new Failure(`${conflictOf(record)} in ${made.files.join(', ')}; ${adviceOnConflict}`);
			const ref = branchRef(record.base);
			return {
				...this.#merged(record, made.commit, tips.head),
				together: { ref, commit: made.commit, expect: tips.base },
			};
		});
	}

	/** Merges at once where nothing is missing; else the last approval does. */
	async autoMerge(request: PullRequest, wish: AutoMerge): Promise<AutoMergeOutcome> {
		const { number } = request;
		const { state, outdated, waitsFor } = await this.mergeState(request);
		if (state === 'merged') return 'merged';
		if (outdated === undefined && waitsFor.length === 0) {
			await this.merge(request, wish);
			return 'merged';
		}
		const { method, text } = wish;
		const autoMerge = { method, ...(text && { text }) };
		const { record } = await this.#store.change(number, (present) => {
			refuseEnded(present);
			return present.autoMerge !== undefined && !wish.replace
				? undefined
				: {
						record: { ...present, autoMerge },
						happened: `Plan to merge request ${number}: ${method}`,
					};
		});
		const approvals = missingFor(record, request.headCommit);
		if (approvals.length === 0) return 'not-yet';
		this.#log.info('It is merged by the run of review-promotion that brings the last approval');
		return 'planned';
	}

	async cancelAutoMerge({ number }: PullRequest): Promise<void> {
		await this.#store.change(number, ({ autoMerge, ...record }) =>
			autoMerge === undefined
				? undefined
				: { record, happened: `Take back the plan to merge request ${number}` },
		);
	}

	async mergeState({ number }: PullRequest): Promise<MergeState> {
		const { record } = await this.#read(number);
		if (record.state !== 'open') return endOf(record);
		const tips = await this.#tips(record);
		const known = { state: 'open', mergeCommit: undefined, baseCommit: tips?.base } as const;
		if (tips === undefined) {
			const waitsFor = [`its branches ${record.head} and ${record.base}, one of which is gone`];
			return { ...known, headCommit: '', outdated: undefined, waitsFor };
		}
		const standing = await this.#standingOf(tips);
		if (standing === 'known') {
			const { record: merged } = await this.#store.change(number, (now) =>
				now.state === 'open' ? this.#mergedByHand(now, tips) : undefined,
			);
			return endOf(merged);
		}
		const isOutdated = standing === 'conflict';
		return {
			...known,
			headCommit: tips.head,
			outdated: isOutdated ? 'conflict' : undefined,
			waitsFor: [
				...(isOutdated ? [`the end of its conflict with ${record.base}`] : []),
				...missingFor(record, tips.head),
			],
			approvedBy: approversOf(record, tips.head).map(({ name }) => name),
		};
	}

	async #read(number: number): Promise<StoredRequest> {
		const found = await this.#store.read(number);
		if (found === undefined) throw this.#store.none(number);
		return found;
	}

	async #add(
		number: number,
		to: 'labels' | 'assignees' | 'reviewers',
		names: readonly string[],
		happened: string,
	): Promise<void> {
		await this.#store.change(number, (record) => {
			const added = names.filter((name) => !record[to].includes(name));
			if (added.length === 0) return undefined;
			const all = [...record[to], ...added];
			return { record: { ...record, [to]: all }, happened: `${happened} ${added.join(', ')}` };
		});
	}

	/** Where the two branches are now; undefined where one of them is gone. */
	async #tips(record: RequestRecord): Promise<Tips | undefined> {
		const refs = { base: branchRef(record.base), head: branchRef(record.head) };
		const now = await this.#repository.remoteRefs(refs.base, refs.head);
		const [base, head] = [now.get(refs.base), now.get(refs.head)];
		return base === undefined || head === undefined ? undefined : { base, head };
	}

	async #tipsToMerge(record: RequestRecord): Promise<Tips> {
		refuseEnded(record);
		const tips = await this.#tips(record);
		if (tips !== undefined) return tips;
		throw new Failure(
			`Request ${record.number} is to merge ${record.head} into ${record.base}, one of which is gone; close it`,
		);
	}

	async #standingOf(tips: Tips): Promise<Awaited<ReturnType<typeof tryMerge>>> {
		const pair = `${tips.base} ${tips.head}`;
		const known = this.#standing.get(pair) ?? (await tryMerge(this.#repository, tips));
		this.#standing.set(pair, known);
		return known;
	}

	/** One's own approval is none: neither of who opened it, nor of who made what is approved. */
	async #refuseOwn({ number, opened }: RequestRecord, head: string): Promise<void> {
		const { identity } = this.#repository;
		await this.#repository.fetchCommit(head);
		const { author, committer } = await readCommit(this.#repository.git, head);
		if ([opened.by, author, committer].some((by) => isSamePerson(by, identity)))
			throw new Failure(
				`Request ${number} was opened, or its commit made, by ${identity.name} <${identity.email}>, whose own approval is none; let somebody else approve it, with author-name and author-email`,
			);
	}

	#merged(record: RequestRecord, commit: string, head: string): RequestChange {
		const { number, base } = record;
		const merged = { ...this.#mark(), commit, head };
		return {
			record: { ...record, state: 'merged', merged },
			happened: `Merge request ${number} into ${base} as ${commit.slice(0, 12)}`,
		};
	}

	#mergedByHand(record: RequestRecord, { base, head }: Tips): RequestChange {
		return {
			...this.#merged(record, base, head),
			happened: `Find request ${record.number} merged into ${record.base}`,
		};
	}

	/** Who does something now. */
	#mark(): { by: RequestRecord['opened']['by']; at: string } {
		const { name, email } = this.#repository.identity;
		return { by: { name, email }, at: new Date().toISOString().replace(/\.\d+Z$/, 'Z') };
	}

	async #viewNow({ record }: StoredRequest): Promise<PullRequest> {
		if (record.state !== 'open') return this.#view(record, undefined);
		const ref = branchRef(record.head);
		return this.#view(record, (await this.#repository.remoteRefs(ref)).get(ref));
	}

	#view(record: RequestRecord, headCommit: string | undefined): PullRequest {
		const { number, title, body, draft, head, base, state, labels, assignees } = record;
		return {
			...{ number, title, body, draft, head, base, state, labels, assignees },
			url: this.#store.urlOf(number),
			headCommit: record.merged?.head ?? headCommit ?? '',
			author: record.opened.by.name,
			requestedReviewers: record.reviewers,
			requestedTeams: [],
		};
	}
}

const adviceOnConflict =
	'run the step again that opened it, which makes the edit anew on the base as it is now';

function conflictOf({ number, base }: RequestRecord): string {
	return `Request ${number} conflicts with ${base}`;
}

function refuseEnded({ number, state, head }: RequestRecord): void {
	if (state === 'open') return;
	throw new Failure(`Request ${number} of ${head} is ${state} already`);
}

function branchRef(branch: string): string {
	return `refs/heads/${branch}`;
}
