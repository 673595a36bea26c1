import type { PullRequest } from '../../shared/forge/forge.ts';
import { code } from '../../shared/forge/markdown.ts';
import { parseReference, sameRepository } from '../../shared/image/reference.ts';
import { parseTrailers, type Record } from '../../shared/record/record.ts';

/**
 * Open pull requests into the same base, beside the present one, that promote the same image to
 * the same environment from the step's branches: what this one takes the place of, unless it is
 * newer.
 */
export function promotionsBeside(
	open: readonly PullRequest[],
	{
		present,
		base,
		prefix,
		record,
	}: { present: PullRequest | undefined; base: string; prefix: string; record: Record },
): PullRequest[] {
	const name = parseReference(record.image ?? '')?.name;
	if (name === undefined) return [];
	return open.filter((request) => {
		if (request.number === present?.number || request.base !== base) return false;
		if (!request.head.startsWith(prefix)) return false;
		const told = parseTrailers(request.body);
		const other = parseReference(told.image ?? '')?.name;
		const sameImage = other !== undefined && sameRepository(other, name);
		return sameImage && told.environment === record.environment;
	});
}

/** Why an older pull request is closed. */
export function supersededComment(
	newer: PullRequest,
	image: string | undefined,
	mark = '#',
): string {
	const what = image === undefined ? '' : `, which promotes ${code(image)}`;
	return `Closed in favour of ${mark}${newer.number}${what}.`;
}

/** Why a pull request is closed whose image is there already. */
export function alreadyThereComment(base: string, image: string | undefined): string {
	const what = image === undefined ? 'everything that this asks for' : code(image);
	return `${code(base)} has ${what} already, so there is nothing left to promote.`;
}
