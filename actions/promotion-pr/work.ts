import type { Forge } from '../../shared/forge/forge.ts';
import type { Repository } from '../../shared/git/repository.ts';
import type { StepContext } from '../../shared/step/declare.ts';
import type { VerifiedWriter } from '../../shared/step/verified.ts';
import type { PromotionInputs } from './inputs.ts';

/** What the parts of a promotion share. */
export interface Work {
	readonly inputs: PromotionInputs;
	readonly context: StepContext;
	readonly repository: Repository;
	readonly forge: Forge;
	/** Makes the commit, where the forge is to. */
	readonly api: VerifiedWriter | undefined;
}
