import type { Dialect } from '../forge/documented-api.ts';
import { Refusal } from '../forge/refusal.ts';

/** Statuses that Cloud and Data Center have in common. */
export const bitbucketAnswers: Dialect['answers'] = {
	unauthorized: { status: 401, message: 'Token is invalid, expired, or not supported.' },
	forbidden: { status: 403, message: 'You do not have write access to this repository.' },
	'not-found': { status: 404, message: 'You may not have access to this, or it no longer exists.' },
	invalid: { status: 400 },
	missing: { status: 400 },
	exists: { status: 409 },
	stale: { status: 409 },
	'not-fast-forward': { status: 409 },
	protected: { status: 403 },
	duplicate: { status: 409 },
	'unknown-head': { status: 400, message: 'source: branch not found' },
	'unknown-base': { status: 400, message: 'destination: branch not found' },
	'no-commits': { status: 400, message: 'There are no changes to be pulled' },
	'own-review': { status: 400 },
	draft: { status: 409 },
	closed: { status: 400, message: 'This pull request is already closed.' },
	conflict: { status: 409 },
	checking: { status: 409 },
	'head-moved': { status: 409 },
	'base-moved': { status: 409 },
	unapproved: { status: 409 },
	unchecked: { status: 409 },
};

/** A text within the objects of a body; refused where there is none. */
export function named(value: unknown, ...path: readonly string[]): string {
	let found: unknown = value;
	for (const key of path) found = (found as Record<string, unknown> | undefined)?.[key];
	if (typeof found === 'string' && found !== '') return found;
	throw new Refusal('missing', `${path.join('.')}: this field is required`);
}

/** A description, which may have 32,768 characters. */
export function described(text = ''): string {
	if (text.length > 32_768) throw new Refusal('invalid', 'The description is too long');
	return text;
}
