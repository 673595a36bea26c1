import * as z from 'zod/mini';
import { Failure, messageOf } from '../failure/failure.ts';
import type { FileChange, Identity } from '../git/objects.ts';
import { oneLine } from '../record/record.ts';
import type { MergeState } from './forge.ts';

const person = z.object({ name: z.string(), email: z.string() });
const method = z.enum(['merge', 'squash', 'rebase']);

/** Of an approval the commit, for it is not one of what is put in its place. */
const approval = z.object({ by: person, at: z.string(), commit: z.string() });

const recordFile = z.object({
	number: z.int(),
	title: z.string(),
	head: z.string(),
	base: z.string(),
	state: z.enum(['open', 'closed', 'merged']),
	draft: z.boolean(),
	opened: z.object({ by: person, at: z.string() }),
	labels: z.array(z.string()),
	assignees: z.array(z.string()),
	/** Names or e-mail addresses of those whose approval is asked for. */
	reviewers: z.array(z.string()),
	approvals: z.array(approval),
	comments: z.array(z.object({ by: person, at: z.string(), text: z.string() })),
	/** The merge that is to be made with the last approval. */
	autoMerge: z.optional(
		z.object({
			method,
			text: z.optional(z.object({ title: z.string(), body: z.string() })),
		}),
	),
	merged: z.optional(
		z.object({
			by: person,
			at: z.string(),
			/** The commit of the base that it became. */
			commit: z.string(),
			/** The commit that was merged. */
			head: z.string(),
		}),
	),
});

/**
 * A pull request where there is no forge: what a forge keeps in its database, as two files in a
 * commit under `refs/lockstep/requests/<number>`. The commits before it are its history.
 */
export type RequestRecord = z.infer<typeof recordFile> & { readonly body: string };

const files = { record: 'request.json', body: 'body.md' } as const;

/** The files of a record. */
export function formatRequest({ body, ...record }: RequestRecord): FileChange[] {
	return [
		{ path: files.record, bytes: Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`) },
		{ path: files.body, bytes: Buffer.from(`${body.trimEnd()}\n`) },
	];
}

/**
 * Reads a record.
 * @param where - its ref and repository in words, for messages
 * @throws Failure for one that cannot be understood.
 */
export function parseRequest(
	contents: ReadonlyMap<string, Uint8Array>,
	where: string,
): RequestRecord {
	const broken = (why: string, cause?: unknown) =>
		new Failure(
			`${where} is no request that can be read (${oneLine(why)}); put the ref back to an earlier commit of its history, or delete it`,
			{ cause },
		);
	const textOf = (path: string) => Buffer.from(contents.get(path) ?? []).toString();
	let value: unknown;
	try {
		value = JSON.parse(textOf(files.record));
	} catch (error) {
		throw broken(`${files.record}: ${messageOf(error)}`, error);
	}
	const parsed = recordFile.safeParse(value);
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		throw broken(`${files.record}: ${issue?.path.join('.')}: ${issue?.message}`);
	}
	return { ...parsed.data, body: textOf(files.body).trimEnd() };
}

/** What of a request stands in its commit's message too: a list of them needs no files. */
export interface RequestLine {
	readonly state: RequestRecord['state'];
	readonly head: string;
	readonly base: string;
}

/**
 * The message of a commit of a request's history.
 * @param happened - what came to it, as a subject: `Close request 3`
 * @param text - what was said
 */
export function requestMessage(happened: string, text: string, record: RequestLine): string {
	const { state, head, base } = record;
	const parts = [oneLine(happened), text.replace(/\r\n?/g, '\n').trim()];
	return `${[...parts, `Request: ${state}, ${head} into ${base}`].filter(Boolean).join('\n\n')}\n`;
}

/** What the last line of such a message says; undefined for any other message. */
export function parseRequestLine(message: string): RequestLine | undefined {
	const [, state = '', head, base] =
		/(?:^|\n)Request: (open|closed|merged), (\S+) into (\S+)\s*$/.exec(message) ?? [];
	if (head === undefined || base === undefined) return undefined;
	return { state: state as RequestLine['state'], head, base };
}

/** Whether a reviewer who is named is this person. */
export function isPerson(named: string, { name, email }: Identity): boolean {
	return [name, email].some((known) => known.toLowerCase() === named.toLowerCase());
}

/** Whether two identities are of one person, who is known by the e-mail address. */
export function isSamePerson(a: Identity, b: Identity): boolean {
	return a.email.toLowerCase() === b.email.toLowerCase();
}

/** Who approved a commit; an approval of an earlier one counts no more. */
export function approversOf({ approvals }: RequestRecord, commit: string): Identity[] {
	return approvals.filter((one) => one.commit === commit).map(({ by }) => by);
}

/** How a request stands that is open no more. */
export function endOf(record: RequestRecord): MergeState {
	const { state, merged } = record;
	const headCommit = merged?.head ?? '';
	return {
		...{ state, headCommit, mergeCommit: merged?.commit },
		...{ baseCommit: undefined, outdated: undefined, waitsFor: [] },
		approvedBy: approversOf(record, headCommit).map(({ name }) => name),
	};
}

/** The record with an approval in place of the person's earlier one. */
export function withApproval(
	record: RequestRecord,
	given: RequestRecord['approvals'][number],
): RequestRecord {
	const others = record.approvals.filter(({ by }) => !isSamePerson(by, given.by));
	return { ...record, approvals: [...others, given] };
}

/** What a request waits for, each as it follows `it waits for`. */
export function missingFor(record: RequestRecord, commit: string): string[] {
	const approvers = approversOf(record, commit);
	const silent = record.reviewers.filter((named) => !approvers.some((by) => isPerson(named, by)));
	return [
		...(record.draft ? ['somebody to say that it is no draft any more'] : []),
		...silent.map((named) => `the approval of ${named}`),
	];
}
