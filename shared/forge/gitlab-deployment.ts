import type { Rest } from './rest.ts';
import type { DeploymentStatus, RunStatus } from './run-status.ts';

/** A project, and how to ask for it. */
interface Project {
	readonly rest: Rest;
	/** The project's address. */
	readonly path: string;
}

/** A deployment as GitLab's API gives it (docs.gitlab.com/api/deployments). */
interface Deployment {
	id: number;
	environment: { id: number; external_url?: string | null };
}

const states = { running: 'running', success: 'success', failure: 'failed' } as const;

/** Docs.gitlab.com/api/commits: the status of an external job, one for each name. */
export async function writeStatus(
	{ rest, path }: Project,
	{ commit, state, context, description, runUrl }: RunStatus,
): Promise<void> {
	const response = await rest.send({
		method: 'POST',
		path: `${path}/statuses/${commit}`,
		body: {
			state: states[state],
			name: context,
			description,
			...(runUrl && { target_url: runUrl }),
		},
		idempotent: true,
	});
	// It says so where the job has that state already.
	const isThere = response.status === 400 && /cannot transition status/i.test(rest.words(response));
	if (response.status >= 300 && !isThere) throw rest.refused('write a commit status', response);
}

/**
 * Opens a deployment. The same again is the one that is there already.
 * @returns its number
 */
export async function openDeployment(
	{ rest, path }: Project,
	{ commit, environment, environmentUrl, ref, state }: DeploymentStatus,
): Promise<number> {
	const doing = `write a deployment to ${environment}`;
	const { id, environment: at } = await rest.ask<Deployment>(doing, {
		method: 'POST',
		path: `${path}/deployments`,
		body: {
			environment,
			sha: commit,
			ref: ref?.name ?? commit,
			tag: ref?.isTag ?? false,
			status: states[state],
		},
		idempotent: true,
	});
	if (environmentUrl !== undefined && at.external_url !== environmentUrl)
		await rest.ask(doing, {
			method: 'PUT',
			path: `${path}/environments/${at.id}`,
			body: { external_url: environmentUrl },
		});
	return id;
}

/** Says how a deployment ended. */
export async function writeDeployment(
	{ rest, path }: Project,
	number: number,
	{ state, environment }: DeploymentStatus,
): Promise<void> {
	const response = await rest.send({
		method: 'PUT',
		path: `${path}/deployments/${number}`,
		body: { status: states[state] },
	});
	if (response.status < 300) return;
	// A request whose answer got lost has said so already.
	const { status } = await rest.ask<{ status: string }>('read a deployment', {
		path: `${path}/deployments/${number}`,
	});
	if (status !== states[state])
		throw rest.refused(`write a deployment to ${environment}`, response);
}
