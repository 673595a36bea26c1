import type { ForgeModel, Repository } from '../forge/model.ts';
import { Refusal } from '../forge/refusal.ts';
import { addStatus } from '../forge/statuses.ts';
import type { User } from '../git/accounts.ts';
import { named } from './answers.ts';

/** What of a build status is documented, on Cloud and for Data Center, and used here. */
export const ofBuild = ['key', 'state', 'name', 'url', 'description', 'ref', 'refname'];

const states = { INPROGRESS: 'pending', SUCCESSFUL: 'success', FAILED: 'failure' };

/** Keeps a build status; both kinds of server want a key of at most 40 characters and a link. */
export function addBuild(
	model: ForgeModel,
	repository: Repository,
	user: User,
	commit: string,
	body: Readonly<Record<string, unknown>>,
) {
	const [key, state, url] = ['key', 'state', 'url'].map((name) => named(body, name));
	if ((key ?? '').length > 40) throw new Refusal('invalid', 'key is longer than 40 characters');
	const known = states[state as keyof typeof states];
	if (known === undefined) throw new Refusal('invalid', `${state} is no state`);
	addStatus(model, repository, user, commit, {
		state: known,
		context: key,
		description: String(body.description ?? ''),
		targetUrl: url,
	});
	return { key, state, url, type: 'build' };
}
