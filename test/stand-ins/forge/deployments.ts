import type { User } from '../git/accounts.ts';
import type { ForgeModel, Repository } from './model.ts';
import { Refusal } from './refusal.ts';

/** What was said of a deployment. */
export interface DeploymentState {
	readonly id: number;
	readonly state: string;
	readonly description: string;
	readonly logUrl: string;
	readonly environmentUrl: string;
	readonly creator: string;
	readonly createdAt: Date;
}

export interface Deployment {
	readonly id: number;
	readonly sha: string;
	readonly ref: string;
	readonly environment: string;
	readonly description: string;
	readonly payload: unknown;
	readonly creator: string;
	readonly createdAt: Date;
	/** The oldest first. */
	readonly states: DeploymentState[];
}

type NewDeployment = Pick<Deployment, 'sha' | 'ref' | 'environment' | 'description' | 'payload'>;

export function openDeployment(
	model: ForgeModel,
	repository: Repository,
	user: User,
	input: NewDeployment,
): Deployment {
	const id = model.nextId();
	const made = { ...input, id, creator: user.name, createdAt: model.now(), states: [] };
	repository.deployments.push(made);
	return made;
}

export function deploymentOf(repository: Repository, id: number): Deployment {
	const found = repository.deployments.find((deployment) => deployment.id === id);
	if (found === undefined) throw new Refusal('not-found', 'Not Found');
	return found;
}

/** Says how a deployment stands; a success takes earlier ones of its environment out of use. */
export function sayOf(
	model: ForgeModel,
	repository: Repository,
	user: User,
	deployment: Deployment,
	said: Pick<DeploymentState, 'state' | 'description' | 'logUrl' | 'environmentUrl'>,
): DeploymentState {
	const about = () => ({ id: model.nextId(), creator: user.name, createdAt: model.now() });
	if (said.state === 'success')
		for (const other of repository.deployments)
			if (
				other !== deployment &&
				other.environment === deployment.environment &&
				other.states.at(-1)?.state === 'success'
			)
				other.states.push({ ...said, ...about(), state: 'inactive' });
	const state = { ...said, ...about() };
	deployment.states.push(state);
	return state;
}
