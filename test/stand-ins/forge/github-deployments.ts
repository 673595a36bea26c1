import { created, list, type Router, timestamp } from './api.ts';
import {
	type Deployment,
	type DeploymentState,
	deploymentOf,
	openDeployment,
	sayOf,
} from './deployments.ts';
import type { GithubViews } from './github-views.ts';
import { commitOf, type Repository } from './model.ts';
import { Refusal } from './refusal.ts';

const base = '/repos/:owner/:name/deployments';
const states = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success'];

/** Deployments and what is said of them. */
export function addDeploymentRoutes(router: Router, views: GithubViews): void {
	const view = (repository: Repository, one: Deployment) => {
		const url = `${views.api(repository)}/deployments/${one.id}`;
		return {
			id: one.id,
			node_id: `DE_${one.id}`,
			url,
			sha: one.sha,
			ref: one.ref,
			task: 'deploy',
			payload: one.payload,
			original_environment: one.environment,
			environment: one.environment,
			description: one.description,
			creator: views.user(one.creator),
			created_at: timestamp(one.createdAt),
			updated_at: timestamp(one.createdAt),
			statuses_url: `${url}/statuses`,
			repository_url: views.api(repository),
			transient_environment: false,
			production_environment: one.environment === 'production',
		};
	};
	const stateView = (repository: Repository, one: Deployment, said: DeploymentState) => {
		const url = `${views.api(repository)}/deployments/${one.id}`;
		return {
			id: said.id,
			node_id: `DES_${said.id}`,
			url: `${url}/statuses/${said.id}`,
			state: said.state,
			creator: views.user(said.creator),
			description: said.description,
			environment: one.environment,
			target_url: said.logUrl,
			log_url: said.logUrl,
			environment_url: said.environmentUrl,
			created_at: timestamp(said.createdAt),
			updated_at: timestamp(said.createdAt),
			deployment_url: url,
			repository_url: views.api(repository),
		};
	};
	router
		.on('GET', base, (call) => {
			const repository = call.repository();
			const { sha, environment } = call.query;
			const found = repository.deployments
				.filter((one) => sha === undefined || one.sha === sha)
				.filter((one) => environment === undefined || one.environment === environment);
			return list(found.toReversed().map((one) => view(repository, one)));
		})
		.on('POST', base, async (call) => {
			const repository = call.repository('write');
			const ref = call.requiredText('ref');
			const deployment = openDeployment(call.model, repository, call.user, {
				sha: await commitOf(repository, ref),
				ref,
				environment: call.text('environment') ?? 'production',
				description: described(call.text('description')),
				payload: call.body.payload ?? {},
			});
			return created(view(repository, deployment));
		})
		.on('GET', `${base}/#number/statuses`, (call) => {
			const repository = call.repository();
			const one = deploymentOf(repository, call.number());
			return list(one.states.toReversed().map((said) => stateView(repository, one, said)));
		})
		.on('POST', `${base}/#number/statuses`, (call) => {
			const repository = call.repository('write');
			const one = deploymentOf(repository, call.number());
			const state = call.requiredText('state');
			if (!states.includes(state)) throw new Refusal('invalid', `${state} is no state`, 'state');
			const said = sayOf(call.model, repository, call.user, one, {
				state,
				description: described(call.text('description')),
				logUrl: call.text('log_url') ?? '',
				environmentUrl: call.text('environment_url') ?? '',
			});
			return created(stateView(repository, one, said));
		});
}

function described(text = ''): string {
	if (text.length > 140) throw new Refusal('invalid', 'description is too long', 'description');
	return text;
}
