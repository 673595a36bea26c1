import type { Octokit } from '@octokit/rest';
import { Failure } from '../failure/failure.ts';
import type { FilesToWrite, WriteOutcome } from '../git/commit-to-branch.ts';

/** An error in an answer of GitHub's GraphQL, whose status is 200 all the same. */
export interface GraphqlError {
	readonly type?: string;
	readonly message: string;
}

/** The errors in what octokit throws for such an answer; undefined for anything else. */
export function graphqlErrors(error: unknown): readonly GraphqlError[] | undefined {
	if (!(error instanceof Error) || error.name !== 'GraphqlResponseError') return undefined;
	return (error as unknown as { errors?: GraphqlError[] }).errors ?? [];
}

const mutation = `mutation commit($input: CreateCommitOnBranchInput!) {
	createCommitOnBranch(input: $input) { commit { oid } }
}`;

interface Answer {
	createCommitOnBranch: { commit: { oid: string } };
}

interface Failing {
	/** `owner/name`. */
	readonly repository: string;
	/** What an error other than one of GraphQL's comes to: a sentence, and whether it may pass. */
	readonly failure: (error: unknown) => { failure: unknown; lost: boolean };
}

/**
 * Commits by `createCommitOnBranch`, which signs what it writes: GitHub shows it as verified
 * (docs.github.com/graphql/reference/mutations#createcommitonbranch). `expectedHeadOid` makes
 * it a compare-and-swap, so it is never sent twice but where the branch did not move.
 * @throws Failure for a program, whose mode the API cannot keep.
 */
export async function commitFiles(
	octokit: Octokit,
	{ branch, parent, files, message }: FilesToWrite,
	{ repository, failure }: Failing,
): Promise<WriteOutcome> {
	const program = files.find(({ bytes, present }) => bytes && present?.mode === '100755');
	if (program !== undefined)
		throw new Failure(
			`${program.path} is a program (mode 100755), and GitHub's API would make a plain file of it; bump it without verified`,
		);
	const [headline = '', ...rest] = message.split('\n');
	const input = {
		branch: { repositoryNameWithOwner: repository, branchName: branch },
		expectedHeadOid: parent,
		fileChanges: {
			additions: files.flatMap(({ path, bytes }) =>
				bytes === undefined ? [] : { path, contents: Buffer.from(bytes).toString('base64') },
			),
			deletions: files.flatMap(({ path, bytes }) => (bytes === undefined ? { path } : [])),
		},
		message: { headline, body: rest.join('\n').trim() },
	};
	try {
		const answer = await octokit.graphql<Answer>(mutation, { input });
		return { pushed: true, commit: answer.createCommitOnBranch.commit.oid };
	} catch (error) {
		const errors = graphqlErrors(error);
		if (errors === undefined) {
			const { failure: sentence, lost } = failure(error);
			if (!(sentence instanceof Failure)) throw sentence;
			return { pushed: false, sent: lost, passing: lost, failure: sentence };
		}
		return refusedBy(errors, `${branch} of ${repository}`, error);
	}
}

function refusedBy(errors: readonly GraphqlError[], where: string, cause: unknown): WriteOutcome {
	const said = errors.map(({ message }) => message).join(': ');
	const types = errors.flatMap(({ type }) => type ?? []);
	const failure = new Failure(
		`GitHub refused to commit to ${where}: ${said}; ${adviceOn(types, said)}`,
		{ cause },
	);
	const stale = types.includes('STALE_DATA');
	// GitHub gives no type to an error of its own, and may have done its work by then.
	const unwell = types.length === 0;
	return { pushed: false, sent: unwell, passing: stale || unwell, failure };
}

function adviceOn(types: readonly string[], said: string): string {
	if (/protect|rule violation|pull request/i.test(said))
		return 'the branch is protected: use promotion-pr, or let this token pass the rule';
	if (types.includes('FORBIDDEN')) return 'give a token that may write contents there';
	if (types.includes('NOT_FOUND')) return 'check the names, and that the token may see them';
	return 'see what it says';
}
