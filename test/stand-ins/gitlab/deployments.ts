import { type ApiCall, created, ok } from '../forge/api.ts';
import { type Deployment, deploymentOf, openDeployment, sayOf } from '../forge/deployments.ts';
import type { DocumentedApi } from '../forge/documented-api.ts';
import { commitOf, type ForgeModel, type Repository } from '../forge/model.ts';
import { Refusal } from '../forge/refusal.ts';
import { addStatus } from '../forge/statuses.ts';

const project = '/api/v4/projects/*project';
const jobStates = { pending: 'pending', running: 'pending', success: 'success', failed: 'failure' };
const deploymentStates = ['created', 'running', 'success', 'failed', 'canceled'];

type RepositoryOf = (call: ApiCall, wanted?: 'read' | 'write') => Repository;

/** Commit statuses, deployments and environments. */
export function addDeploymentRoutes(
	api: DocumentedApi,
	model: ForgeModel,
	repositoryOf: RepositoryOf,
): void {
	/** By repository and name: their numbers and addresses. */
	const environments = new Map<string, { id: number; name: string; external_url: string | null }>();
	const environmentOf = ({ fullName }: Repository, name: string) => {
		const key = `${fullName} ${name}`;
		const known = environments.get(key) ?? { id: model.nextId(), name, external_url: null };
		environments.set(key, known);
		return known;
	};
	const view = (repository: Repository, one: Deployment) => ({
		id: one.id,
		ref: one.ref,
		sha: one.sha,
		status: one.states.at(-1)?.state ?? 'created',
		environment: environmentOf(repository, one.environment),
	});
	const say = (call: ApiCall, repository: Repository, one: Deployment, urls: string) => {
		const state = call.requiredText('status');
		if (!deploymentStates.includes(state)) throw new Refusal('missing', 'status is invalid');
		const said = { state, description: '', logUrl: '', environmentUrl: urls };
		sayOf(model, repository, call.user, one, said);
	};
	api
		.on('POST', `${project}/statuses/:sha`, { body: ofStatus }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const sha = await commitOf(repository, call.param('sha'));
			const state = call.requiredText('state') as keyof typeof jobStates;
			const context = call.text('name') ?? 'default';
			const present = repository.latestStatuses(sha).find((one) => one.context === context);
			if (state === 'running' && present?.state === 'pending')
				throw new Refusal('invalid', 'Cannot transition status via :run from :running');
			addStatus(model, repository, call.user, sha, {
				state: jobStates[state],
				context,
				description: call.text('description'),
				targetUrl: call.text('target_url'),
			});
			return created({ sha, status: state, name: context });
		})
		.on('POST', `${project}/deployments`, { body: ofDeployment }, async (call) => {
			const repository = repositoryOf(call, 'write');
			const sha = await commitOf(repository, call.requiredText('sha'));
			if (typeof call.body.tag !== 'boolean') throw new Refusal('missing', 'tag is missing');
			const [environment, ref] = [call.requiredText('environment'), call.requiredText('ref')];
			const last = repository.deployments.findLast((one) => one.environment === environment);
			// The same as the last one is that one.
			if (last?.sha === sha && last.ref === ref) return created(view(repository, last));
			const input = { sha, ref, environment, description: '', payload: {} };
			const one = openDeployment(model, repository, call.user, input);
			say(call, repository, one, '');
			return created(view(repository, one));
		})
		.on('GET', `${project}/deployments/#number`, {}, (call) => {
			const repository = repositoryOf(call);
			return ok(view(repository, deploymentOf(repository, call.number())));
		})
		.on('PUT', `${project}/deployments/#number`, { body: ['status'] }, (call) => {
			const repository = repositoryOf(call, 'write');
			const one = deploymentOf(repository, call.number());
			if (one.states.at(-1)?.state === call.text('status'))
				throw new Refusal('invalid', 'Cannot transition status');
			const { external_url: url } = environmentOf(repository, one.environment);
			say(call, repository, one, url ?? '');
			return ok(view(repository, one));
		})
		.on('PUT', `${project}/environments/#number`, { body: ['external_url', 'tier'] }, (call) => {
			repositoryOf(call, 'write');
			const found = [...environments.values()].find(({ id }) => id === call.number());
			if (found === undefined) throw new Refusal('not-found', '404 Not found');
			found.external_url = call.requiredText('external_url');
			return ok(found);
		});
}

const ofStatus = ['state', 'ref', 'name', 'target_url', 'description', 'coverage', 'pipeline_id'];
const ofDeployment = ['environment', 'sha', 'ref', 'tag', 'status'];
