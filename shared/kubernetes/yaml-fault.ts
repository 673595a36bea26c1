import { messageOf } from '../failure/failure.ts';

/**
 * What is wrong with a YAML text, without the piece of it that the parser quotes at the end:
 * in a Secret or a kubeconfig that may be the secret itself (`password: *hunter2`).
 */
export function yamlFault(error: unknown): string {
	return messageOf(error).replace(/:\s.*$/s, '');
}
