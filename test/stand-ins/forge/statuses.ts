import type { User } from '../git/accounts.ts';
import type { ForgeModel, Repository, Status, StatusState } from './model.ts';
import { Refusal } from './refusal.ts';

const states = ['error', 'failure', 'pending', 'success'] as const;

/** One word for all contexts of a commit; `pending` when there is none. */
export function combinedState(all: readonly StatusState[]): StatusState {
	if (all.includes('error') || all.includes('failure')) return 'failure';
	return all.length === 0 || all.includes('pending') ? 'pending' : 'success';
}

export interface NewStatus {
	readonly state: string;
	readonly context: string | undefined;
	readonly description: string | undefined;
	readonly targetUrl: string | undefined;
}

/** Keeps a status of a commit; the newest of a context counts. */
export function addStatus(
	model: ForgeModel,
	repository: Repository,
	user: User,
	commit: string,
	input: NewStatus,
): Status {
	const state = states.find((candidate) => candidate === input.state);
	if (state === undefined) throw new Refusal('invalid', `${input.state} is no state`, 'state');
	const status = {
		id: model.nextId(),
		state,
		context: input.context ?? 'default',
		description: input.description ?? '',
		targetUrl: input.targetUrl ?? '',
		creator: user.name,
		createdAt: model.now(),
	};
	repository.statuses.set(commit, [...(repository.statuses.get(commit) ?? []), status]);
	return status;
}
