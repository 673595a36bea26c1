import type { RecordedRequest } from '../git/exchange.ts';
import type { Description } from './description.ts';
import { giteaDescription } from './gitea-description.ts';
import { githubDescription } from './github-description.ts';

/** Descriptions that forges publish, by what requests to them are recorded as. */
const descriptions: Readonly<Record<string, () => Promise<Description>>> = {
	github: githubDescription,
	gitea: giteaDescription,
};

/** A server is asked what it is in the words of other forges too. */
const question = /^\/(api\/v4\/version|rest\/api\/latest\/application-properties)$/;

/** What the forges' own descriptions find wrong with requests; empty where they have nothing. */
export async function requestProblems(requests: readonly RecordedRequest[]): Promise<string[]> {
	const problems: string[] = [];
	for (const request of requests) {
		const description = await descriptions[request.kind]?.();
		if (description === undefined || question.test(request.path)) continue;
		problems.push(...description.requestProblems(request));
	}
	return problems;
}
