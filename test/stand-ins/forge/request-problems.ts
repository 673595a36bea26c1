import type { RecordedRequest } from '../git/exchange.ts';
import { derivedDescription } from './derived-descriptions.ts';
import type { Description } from './description.ts';
import { giteaDescription } from './gitea-description.ts';
import { githubDescription } from './github-description.ts';

/** What forges publish of their APIs, by what requests to them are recorded as. */
const descriptions: Readonly<Record<string, (path: string) => Promise<Description>>> = {
	github: githubDescription,
	gitea: giteaDescription,
	gitlab: () => derivedDescription('gitlab'),
	bitbucket: (path) =>
		derivedDescription(path.startsWith('/2.0/') ? 'bitbucketCloud' : 'bitbucketServer'),
	azure: () => derivedDescription('azure'),
};

/** What a server is asked that may be any forge, by which it is found out. */
const questions = [
	'/api/v1/version',
	'/api/v3/meta',
	'/api/v4/version',
	'/rest/api/latest/application-properties',
];

/** What the forges' own descriptions find wrong with requests; empty where they have nothing. */
export async function requestProblems(requests: readonly RecordedRequest[]): Promise<string[]> {
	const problems: string[] = [];
	for (const request of requests) {
		const description = await descriptions[request.kind]?.(request.path);
		if (description === undefined || questions.includes(request.path)) continue;
		problems.push(...description.requestProblems(request));
	}
	return problems;
}
