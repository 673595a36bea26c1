import { badInput } from '../../shared/failure/failure.ts';
import { gitVariables } from '../../shared/git/git.ts';
import type { Identity } from '../../shared/git/objects.ts';
import { runProgram } from '../../shared/git/run-program.ts';
import { oneLine } from '../../shared/record/record.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import type { ReviewInputs } from './inputs.ts';

/**
 * The repository that is meant: that of the input, of the CI, or `origin` of the workspace.
 * @throws Failure (bad input) where there is none of them.
 */
export async function repositoryMeant(
	{ repository }: ReviewInputs,
	context: StepContext,
): Promise<string> {
	const ofCi = context.event.repository?.cloneUrl ?? context.event.repository?.url;
	const found = repository ?? ofCi ?? (await configured('remote.origin.url', context));
	if (found !== undefined) return found;
	throw badInput(
		`${context.nameOf('repository')} is missing, and the workspace is no clone of one; give owner/name or a clone URL`,
	);
}

/** Who does it: as the inputs say, else as the CI does, else as git does. */
export async function identityOf(
	{ authorName, authorEmail }: ReviewInputs,
	context: StepContext,
): Promise<Identity> {
	const told = authorName ?? context.event.author;
	const name = told ?? (await configured('user.name', context)) ?? 'lockstep';
	const own = told === undefined ? await configured('user.email', context) : undefined;
	const email = authorEmail ?? own ?? `${name.replace(/[^\w.+-]+/g, '-')}@noreply.invalid`;
	return { name: oneLine(name), email: oneLine(email) };
}

/** A setting of git's in the workspace. */
async function configured(
	key: string,
	{ workspace, childEnvironment, signal }: StepContext,
): Promise<string | undefined> {
	const { code, stdout } = await runProgram('git', ['config', '--get', key], {
		folder: workspace,
		variables: gitVariables(childEnvironment, {}, []),
		signal,
	});
	const value = stdout.toString().trim();
	return code === 0 && value !== '' ? value : undefined;
}
