import type { AppliedBump } from '../../shared/step/bump.ts';
import type { BranchEdit } from '../../shared/step/propose.ts';
import type { Proposed } from '../../shared/step/pull-request-text.ts';
import { knownSites } from '../../shared/step/sites.ts';
import { sourceCommits } from '../../shared/step/source-commits.ts';
import type { Candidate } from './image.ts';
import type { Work } from './work.ts';

/** All that title and body of the pull request tell. */
export async function describePromotion(
	{ inputs, context, repository, forge }: Work,
	edit: Extract<BranchEdit<AppliedBump>, { kind: 'edit' }>,
	candidate: Candidate | undefined,
): Promise<Proposed> {
	const { base, applied, made, circumstances, at } = edit;
	const change = { ...applied, record: { ...applied.record, ...circumstances } };
	const commitsFrom = { repository, tip: base.tip };
	return {
		...change,
		does: 'promote',
		proved: { environment: candidate?.proof.environment, ...candidate?.standing },
		at,
		commits: await sourceCommits(change, commitsFrom, inputs, context),
		diff: await repository.diff(base.tip, made),
		sites: knownSites(repository.remote, forge, context.event),
	};
}
