import * as z from 'zod/mini';
import { type OutputValues, output } from '../../shared/step/declare.ts';
import { verifiedOutput } from '../../shared/step/verified.ts';

export const rollbackOutputs = {
	changed: output(z.boolean(), 'Whether anything had to change.'),
	commit: output(
		z.string(),
		'The commit that was pushed, or the tip of the branch where nothing had to change.',
	),
	branch: output(z.string(), 'The branch that was written to; that of the pull request.'),
	image: output(z.string(), 'The image as it stands in the files now, a whole reference.'),
	'previous-image': output(z.string(), 'The image as it stood in the files before.'),
	'to-image': output(z.string(), 'The image that was to be gone back to.'),
	files: output(
		z.array(z.string()),
		'Paths of the files that were changed, with that of the hold.',
	),
	superseded: output(
		z.boolean(),
		'Always `false`, for those who read it of `bump-image` too: what keeps a late run from going back is no question where going back is what was asked for.',
	),
	held: output(z.boolean(), 'Whether the image is held now.'),
	...verifiedOutput,
	attempts: output(z.int(), 'How often the edit was applied: 1 where nobody else was pushing.'),
	operation: output(
		z.enum(['created', 'updated', 'unchanged', 'closed', 'none']),
		'What became of the pull request.',
	),
	number: output(z.int(), 'Number of the pull request.'),
	url: output(z.string(), 'Page of the pull request.'),
};

export type RollbackOutputs = OutputValues<typeof rollbackOutputs>;
