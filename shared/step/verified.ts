import * as z from 'zod/mini';
import { badInput, messageOf } from '../failure/failure.ts';
import type { Forge } from '../forge/forge.ts';
import type { WriteFiles } from '../git/commit-to-branch.ts';
import { contentRights } from './app-token.ts';
import { input, output } from './declare.ts';
import { type Context, type ForgeInputs, forgeFrom } from './forge.ts';

/** The input of every step that can have the forge write its commit. */
export const verifiedInput = {
	verified: input(
		z.boolean(),
		"Commit by the forge's API in place of a push: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key. Gitea makes it on a branch below `lockstep-temporary/`, which is there for a moment, so as to see what others push meanwhile. Its author is whom the token belongs to, whatever `author-name` says.",
		{ default: 'false' },
	),
};

/** The output that goes with it. */
export const verifiedOutput = {
	verified: output(
		z.boolean(),
		'With the input `verified`: whether the forge shows the commit as verified.',
	),
};

/** Commits by the API of a forge. */
export interface VerifiedWriter {
	/** For `commitToBranch` and `writeBranch`. */
	readonly write: WriteFiles;
	/** Tells in the log whether the forge shows a commit as verified; undefined: it did not say. */
	tell(commit: string): Promise<boolean | undefined>;
	close(): Promise<void>;
}

/**
 * Connects to the forge that is to write the commit, where the inputs ask for that. The
 * caller closes it.
 * @throws Failure (bad input) for a server whose API cannot.
 */
export async function verifiedWriter(
	inputs: ForgeInputs & { readonly verified: boolean },
	context: Context,
): Promise<VerifiedWriter | undefined> {
	if (!inputs.verified) return undefined;
	const name = context.nameOf('verified');
	const forge = await forgeFrom(inputs, context, {
		rights: contentRights,
		api: { forWhat: name, without: `leave ${name} out` },
	});
	try {
		return writerOn(forge, context);
	} catch (error) {
		await forge.close();
		throw error;
	}
}

/**
 * The same on a forge that is connected already; to close the writer closes that.
 * @throws Failure (bad input) for a forge whose API cannot.
 */
export function writerOn(
	forge: Forge,
	{ log, nameOf, signal }: Pick<Context, 'log' | 'nameOf' | 'signal'>,
): VerifiedWriter {
	const { commitFiles, verificationOf, title } = forge;
	if (commitFiles === undefined || verificationOf === undefined)
		throw badInput(
			`${title} has no way to write a commit that it signs; leave ${nameOf('verified')} out`,
		);
	return {
		write: (commit) => commitFiles.call(forge, commit),
		async tell(commit) {
			try {
				const { verified, reason } = await verificationOf.call(forge, commit);
				if (verified) log.info(`${title} shows ${commit} as verified`);
				else
					log.warn(
						`${title} does not show ${commit} as verified (${reason}): it has no key to sign with what comes by its API`,
					);
				return verified;
			} catch (error) {
				signal.throwIfAborted();
				log.warn(`Whether ${title} shows ${commit} as verified is not known: ${messageOf(error)}`);
				return undefined;
			}
		},
		close: () => forge.close(),
	};
}
