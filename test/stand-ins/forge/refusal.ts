/** Why the forge will not do something. Each front has its own status and words for it. */
export type Reason =
	| 'unauthorized'
	| 'forbidden'
	| 'not-found'
	| 'invalid'
	| 'missing'
	| 'exists'
	| 'stale'
	| 'not-fast-forward'
	| 'protected'
	| 'duplicate'
	| 'unknown-head'
	| 'unknown-base'
	| 'no-commits'
	| 'own-review'
	| 'draft'
	| 'closed'
	| 'conflict'
	| 'checking'
	| 'head-moved'
	| 'base-moved'
	| 'unapproved'
	| 'unchecked';

export class Refusal extends Error {
	readonly reason: Reason;
	/** The input that is to blame, for fronts that name it. */
	readonly field: string | undefined;

	constructor(reason: Reason, message: string, field?: string) {
		super(message);
		this.name = 'Refusal';
		this.reason = reason;
		this.field = field;
	}
}
