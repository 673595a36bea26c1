import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Described, Description, type Json } from './description.ts';

/** What follows a project's path on GitLab, which has slashes of its own once it is decoded. */
const belowProject = 'merge_requests|merge_trains|repository|statuses|deployments|environments';
const gitlabProject = new RegExp(`^/projects/.+?(?=/(?:${belowProject})(?:/|$)|$)`);

/**
 * Descriptions that were put together from what a forge or its own client publishes (see
 * test/data/README.md). They have requests alone, and of those the ones that are used.
 */
const sources = {
	gitlab: {
		title: 'GitLab',
		file: 'gitlab-client-go-1.46.0.json',
		pathIn: (path) => path.replace('/api/v4', '').replace(gitlabProject, '/projects/one'),
	},
	bitbucketCloud: {
		title: 'Bitbucket Cloud',
		file: 'bitbucket-cloud.json',
		pathIn: (path) => path.replace(/^\/2\.0/, ''),
	},
	bitbucketServer: {
		title: 'Bitbucket Data Center',
		file: 'bitbucket-server.json',
		pathIn: (path) => path.replace(/^\/rest/, ''),
	},
	azure: {
		title: 'Azure DevOps',
		file: 'azure-node-api-17.0.1.json',
		// Before the project stands the organization or collection, of one part or more.
		pathIn: (path) => path.replace(/^\/.+?(?=(?:\/[^/]+\/_apis\/(?:git|policy)|\/_apis)\/)/, ''),
	},
} as const satisfies Readonly<Record<string, Described & { readonly file: string }>>;

export type DerivedDescription = keyof typeof sources;

const loaded = new Map<DerivedDescription, Promise<Description>>();

/** One of them, loaded once in a process. */
export function derivedDescription(name: DerivedDescription): Promise<Description> {
	const description = loaded.get(name) ?? load(name);
	loaded.set(name, description);
	return description;
}

async function load(name: DerivedDescription): Promise<Description> {
	const { file, ...described } = sources[name];
	const path = join(import.meta.dirname, '../../data/descriptions', file);
	const description = JSON.parse(await readFile(path, 'utf8')) as Json;
	return new Description(described, description, description);
}
