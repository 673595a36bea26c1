import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, the longest first: whatever begins late, others wait for. */
const long = ['many-at-once', 'flow', 'real-drone', 'gitea-merge', 'promotion-pr', 'real-actions'];

/** Starts what takes long before all else, so that no worker is left with it at the end. */
export class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const rank = ({ moduleId }: TestSpecification) => {
			const at = long.indexOf(basename(moduleId, '.test.ts'));
			return at === -1 ? long.length : at;
		};
		return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
	}
}
