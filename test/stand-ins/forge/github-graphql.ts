import { buildSchema, type GraphQLError, type GraphQLSchema, graphql } from 'graphql';
import type { User } from '../git/accounts.ts';
import { writeCommit } from '../git/bare-repository.ts';
import type { Exchange } from '../git/exchange.ts';
import { type EnableInput, enableAutoMerge, pullObject } from './github-merging.ts';
import { enqueue } from './merge.ts';
import type { ForgeModel, Repository } from './model.ts';
import { listTree } from './objects.ts';
import { type Reason, Refusal } from './refusal.ts';

/** What GitHub calls the kinds of errors in an answer. */
const types: Partial<Record<Reason, string>> = {
	stale: 'STALE_DATA',
	'not-found': 'NOT_FOUND',
	forbidden: 'FORBIDDEN',
	protected: 'BRANCH_PROTECTION_RULE_VIOLATION',
};

interface CommitInput {
	readonly branch: { readonly repositoryNameWithOwner: string; readonly branchName: string };
	readonly expectedHeadOid: string;
	readonly fileChanges: {
		readonly additions?: readonly { readonly path: string; readonly contents: string }[];
		readonly deletions?: readonly { readonly path: string }[];
	};
	readonly message: { readonly headline: string; readonly body?: string };
}

interface EnqueueInput {
	readonly pullRequestId: string;
	readonly expectedHeadOid?: string;
}

let loaded: Promise<GraphQLSchema> | undefined;

/** GitHub's own published schema, so that a query which it does not know is refused here too. */
function githubSchema(): Promise<GraphQLSchema> {
	loaded ??= import('@octokit/graphql-schema').then(({ schema }) =>
		buildSchema(schema.idl, { assumeValidSDL: true }),
	);
	return loaded;
}

/** GitHub's GraphQL over the model: what clients of these tests ask, and nothing more. */
export class GithubGraphql {
	readonly #model: ForgeModel;

	constructor(model: ForgeModel) {
		this.#model = model;
	}

	async handle(exchange: Exchange): Promise<void> {
		const { record } = exchange;
		const send = (status: number, body: unknown) =>
			exchange.answer(status, { 'content-type': 'application/json' }, JSON.stringify(body));
		const user = record.authorization && this.#model.accounts.byToken(record.authorization);
		if (user === undefined) return send(401, { message: 'Bad credentials' });
		record.user = user.name;
		const { query = '', variables } = record.body as {
			query?: string;
			variables?: Record<string, unknown>;
		};
		const { data, errors } = await graphql({
			schema: await githubSchema(),
			source: query,
			rootValue: this.#root(user),
			...(variables && { variableValues: variables }),
		});
		record.answer = { data, ...(errors && { errors: errors.map(errorView) }) };
		return send(200, record.answer);
	}

	#root(user: User) {
		return {
			repository: ({ owner, name }: { owner: string; name: string }) => {
				const repository = this.#model.repositoryFor(`${owner}/${name}`, user, 'read');
				return {
					pullRequest: ({ number }: { number: number }) =>
						pullObject(this.#model, repository, repository.pull(number)),
				};
			},
			createCommitOnBranch: ({ input }: { input: CommitInput }) => this.#commit(user, input),
			enablePullRequestAutoMerge: async ({ input }: { input: EnableInput }) => {
				const { repository, pull } = this.#pull(user, input.pullRequestId);
				await enableAutoMerge(this.#model, repository, pull, user, input);
				return {};
			},
			enqueuePullRequest: async ({ input }: { input: EnqueueInput }) => {
				const { repository, pull } = this.#pull(user, input.pullRequestId);
				if (input.expectedHeadOid !== undefined && input.expectedHeadOid !== pull.headSha)
					throw new Refusal('stale', 'The head is not at the expected commit');
				await enqueue(this.#model, repository, pull, user);
				return {};
			},
			disablePullRequestAutoMerge: ({ input }: { input: { pullRequestId: string } }) => {
				this.#pull(user, input.pullRequestId).pull.autoMerge = undefined;
				return {};
			},
		};
	}

	#pull(user: User, id: string) {
		for (const { fullName, pulls } of this.#model.repositories.values()) {
			const pull = pulls.find((candidate) => `PR_${candidate.id}` === id);
			if (pull) return { repository: this.#repository(user, fullName, 'pull_requests'), pull };
		}
		throw new Refusal('not-found', `Could not resolve to a node with the global id of '${id}'`);
	}

	#repository(user: User, fullName: string, right: string): Repository {
		const repository = this.#model.repositoryFor(fullName, user, 'write');
		if (user.rights !== undefined && user.rights[right] !== 'write')
			throw new Refusal('forbidden', 'Resource not accessible by integration');
		return repository;
	}

	async #commit(user: User, input: CommitInput) {
		const { branch, expectedHeadOid, fileChanges, message } = input;
		const repository = this.#repository(user, branch.repositoryNameWithOwner, 'contents');
		const tip = await repository.branchTip(branch.branchName);
		if (tip === undefined)
			throw new Refusal('not-found', `A ref named "${branch.branchName}" does not exist.`);
		if (tip !== expectedHeadOid) throw stale(expectedHeadOid);
		const { additions = [], deletions = [] } = fileChanges;
		for (const { path } of deletions)
			if ((await listTree(repository.path, tip, path)).length === 0)
				throw new Refusal('invalid', `A path was requested for deletion which does not exist`);
		const author = this.#model.signature(user);
		const commit = await writeCommit(repository.path, {
			parent: tip,
			// Whatever a file was before, it is a plain one afterwards.
			files: Object.fromEntries([
				...additions.map(({ path, contents }) => [path, Buffer.from(contents, 'base64')]),
				...deletions.map(({ path }) => [path, null]),
			]),
			message: [message.headline, message.body].filter(Boolean).join('\n\n'),
			author,
			committer: { name: 'GitHub', email: 'noreply@github.com', date: author.date },
		});
		repository.signed.add(commit);
		try {
			const ref = `refs/heads/${branch.branchName}`;
			await this.#model.moveRef(repository, ref, tip, commit, user);
		} catch (error) {
			throw error instanceof Refusal && error.reason === 'stale' ? stale(expectedHeadOid) : error;
		}
		return { commit: { oid: commit } };
	}
}

function stale(expected: string): Refusal {
	return new Refusal(
		'stale',
		`Expected branch to point to "${expected}" but it did not. Pull and try again.`,
	);
}

function errorView({ message, path, originalError }: GraphQLError) {
	const type = originalError instanceof Refusal ? types[originalError.reason] : undefined;
	return { ...(type && { type }), ...(path && { path }), message };
}
