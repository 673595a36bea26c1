/**
 * What to say where a workflow's own GITHUB_TOKEN (or another token of an app's installation)
 * is refused: undefined where it is no such token, or not in a GitHub workflow.
 * @param token - what was refused
 * @param workflowOf - `owner/name` whose workflow this is
 * @param repository - `owner/name` that was to be reached
 */
export function githubTokenAdvice(
	token: string | undefined,
	workflowOf: string | undefined,
	repository: string,
): string | undefined {
	// The prefix is all that can be relied on: such tokens are 40 or 500 characters long.
	if (workflowOf === undefined || !token?.startsWith('ghs_')) return undefined;
	return workflowOf.toLowerCase() === repository.toLowerCase()
		? 'give the job the permissions contents: write and pull-requests: write'
		: `a workflow's GITHUB_TOKEN reaches no repository but its own (${workflowOf}): give the token of a GitHub App that is installed in ${repository}, or a fine-grained token`;
}
