import { azureFront } from '../stand-ins/azure/azure.ts';
import { bitbucketCloudFront } from '../stand-ins/bitbucket/cloud.ts';
import { bitbucketServerFront } from '../stand-ins/bitbucket/server.ts';
import type { Forge, ForgeOptions } from '../stand-ins/forge/forge.ts';
import type { RecordedRequest } from '../stand-ins/git/exchange.ts';
import { gitlabFront } from '../stand-ins/gitlab/gitlab.ts';
import { drone, type Front, giteaActions, github, type Values } from './fronts.ts';

type Match = (request: RecordedRequest) => boolean;

/** A forge as the scenarios of promotion-pr see it. */
export interface TestedForge {
	readonly title: string;
	/** What its API's requests are recorded as. */
	readonly kind: string;
	/** The front that the step is run by. */
	readonly front: Front;
	/** What the stand-in is started with. */
	readonly options: Partial<ForgeOptions>;
	/** Full name of the repository that is promoted to. */
	readonly production: string;
	readonly cloneUrl: (forge: Forge, repository: string) => string;
	/** Inputs without which the forge cannot be found out. */
	readonly inputs: (forge: Forge) => Values;
	/** How a text refers to a pull request. */
	readonly mark: '#' | '!';
	/** Whether its pull requests have them at all. */
	readonly has: {
		readonly labels: boolean;
		readonly assignees: boolean;
		readonly teams: boolean;
	};
	/** What it answers to opening a pull request from a branch that it does not know yet. */
	readonly early?: { readonly status: number; readonly body: object };
	readonly opening: Match;
	readonly commenting: Match;
	/** Whether there is no API around the repositories, which keep the pull requests themselves. */
	readonly isPlain?: true;
	readonly merging: TestedMerging;
	/** The page of a commit, and of a comparison, below the repository's or the server's address. */
	readonly pages: (url: string, repository: string) => Pages;
	/** Whether its API lists the commits between two. */
	readonly compares: boolean;
}

/** How a forge merges, as the scenarios see it. */
export interface TestedMerging {
	/** Whether it makes a merge by itself, later. */
	readonly plans: boolean;
	/** The request by which it is asked to merge, now or later. */
	readonly asking: Match;
	/** A request that every look at how a pull request stands makes. */
	readonly looking: Match;
	/** What it says is missing: a review, and a check that failed. */
	readonly review: string;
	readonly check: string;
	/** Settings without which a repository merges in no such way. */
	readonly prepare: (forge: Forge, method: string) => void;
}

interface Pages {
	commit: (commit: string) => string;
	compare: (from: string, to: string) => string;
}

const posting =
	(end: string): Match =>
	({ method, path }) =>
		method === 'POST' && path.endsWith(end);

const getting =
	(path: RegExp): Match =>
	(request) =>
		request.method === 'GET' && path.test(request.path);

const inGraphql =
	(words: string): Match =>
	({ kind, body }) =>
		kind === 'graphql' && JSON.stringify(body).includes(words);

const usualMerging = {
	plans: true,
	asking: posting('/merge'),
	looking: inGraphql('query pull'),
	review: 'an approving review',
	check: 'the check ci/test, which has failed',
	prepare: () => undefined,
};

const usual = {
	options: {},
	production: 'acme/infra-production',
	cloneUrl: (forge: Forge, repository: string) => forge.cloneUrl(repository),
	inputs: () => ({}),
	mark: '#',
	has: { labels: true, assignees: true, teams: true },
	opening: posting('/pulls'),
	commenting: posting('/comments'),
	merging: usualMerging,
	pages: (url: string, repository: string) => ({
		commit: (commit: string) => `${url}/${repository}/commit/${commit}`,
		compare: (from: string, to: string) => `${url}/${repository}/compare/${from}...${to}`,
	}),
	compares: true,
} as const;

export const onGitHub: TestedForge = {
	...usual,
	title: 'GitHub',
	kind: 'github',
	front: github,
	merging: {
		...usualMerging,
		asking: (request) =>
			posting('/merge')(request) || inGraphql('enablePullRequestAutoMerge')(request),
	},
};

export const onGitea: TestedForge = {
	...usual,
	title: 'Gitea',
	kind: 'gitea',
	front: giteaActions,
	merging: { ...usualMerging, looking: getting(/\/branches\/main$/) },
};

/** In nested groups, and found out by asking the server: Drone does not tell what it is. */
export const onGitLab: TestedForge = {
	...usual,
	title: 'GitLab',
	kind: 'gitlab',
	front: drone,
	options: { front: gitlabFront },
	production: 'acme/platform/infra-production',
	mark: '!',
	has: { labels: true, assignees: true, teams: false },
	early: { status: 400, body: { message: { source_branch: ['does not exist'] } } },
	opening: posting('/merge_requests'),
	commenting: posting('/notes'),
	merging: {
		...usualMerging,
		asking: ({ method, path }) => method === 'PUT' && path.endsWith('/merge'),
		looking: getting(/\/branches\/main$/),
		check: 'its pipeline, which has failed',
		prepare: (forge, method) => {
			if (method === 'rebase') forge.repository(onGitLab.production).mergeMethod = 'ff';
		},
	},
	pages: (url, repository) => usual.pages(url, `${repository}/-`),
};

const onBitbucket = {
	...usual,
	kind: 'bitbucket',
	front: drone,
	has: { labels: false, assignees: false, teams: false },
} as const;

/** Which is at one address alone, so that any other has to be told. */
export const onBitbucketCloud: TestedForge = {
	...onBitbucket,
	title: 'Bitbucket Cloud',
	options: { front: bitbucketCloudFront },
	inputs: (forge) => ({ forge: 'bitbucket', 'api-url': `${forge.url}/2.0` }),
	early: { status: 400, body: { type: 'error', error: { message: 'source: branch not found' } } },
	opening: posting('/pullrequests'),
	merging: { ...usualMerging, plans: false, looking: getting(/\/refs\/branches\/main$/) },
	pages: (url, repository) => ({
		commit: (commit) => `${url}/${repository}/commits/${commit}`,
		compare: (from, to) => `${url}/${repository}/branches/compare/${to}%0D${from}`,
	}),
};

/** Found out by asking the server. */
export const onBitbucketServer: TestedForge = {
	...onBitbucket,
	title: 'Bitbucket Data Center',
	options: { front: bitbucketServerFront },
	cloneUrl: (forge, repository) => `${forge.url}/scm/${repository}.git`,
	early: { status: 404, body: { errors: [{ message: 'Branch does not exist.' }] } },
	opening: posting('/pull-requests'),
	merging: {
		...usualMerging,
		looking: getting(/\/merge$/),
		review: 'the merge check "Not all required reviewers have approved yet"',
		check: 'the merge check "Not all required builds are successful yet"',
	},
	pages: (url, repository) => {
		const place = `${url}/projects/${repository.replace('/', '/repos/')}`;
		return {
			commit: (commit) => `${place}/commits/${commit}`,
			compare: (from, to) => `${place}/compare/commits?targetBranch=${from}&sourceBranch=${to}`,
		};
	},
};

/** Known by its addresses: `_git` stands in each of them. */
export const onAzure: TestedForge = {
	...usual,
	title: 'Azure DevOps',
	kind: 'azure',
	front: drone,
	options: { front: azureFront },
	production: 'acme/shop/infra-production',
	cloneUrl: (forge, repository) => `${forge.url}/${repository.replace(/\/([^/]+)$/, '/_git/$1')}`,
	mark: '!',
	has: { labels: true, assignees: false, teams: true },
	early: {
		status: 400,
		body: { message: 'TF401398: the source and/or the target branch no longer exists.' },
	},
	opening: posting('/pullrequests'),
	commenting: posting('/threads'),
	merging: {
		...usualMerging,
		asking: ({ method, body }) =>
			method === 'PATCH' && /autoCompleteSetBy|"completed"/.test(JSON.stringify(body ?? '')),
		looking: getting(/\/policy\/evaluations$/),
	},
	pages: (url, repository) => {
		const place = `${url}/${repository.replace(/\/([^/]+)$/, '/_git/$1')}`;
		return {
			commit: (commit) => `${place}/commit/${commit}`,
			compare: (from, to) =>
				`${place}/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
		};
	},
	compares: false,
};

/** Nothing but the git server of a stand-in. */
export const onGit: TestedForge = {
	...usual,
	title: 'a plain git server',
	kind: 'git',
	front: drone,
	inputs: () => ({ forge: 'git' }),
	has: { labels: true, assignees: true, teams: false },
	opening: posting('/git-receive-pack'),
	commenting: posting('/git-receive-pack'),
	isPlain: true,
	compares: false,
};

/** The same on this machine's disk, which is found out to be no forge. */
export const onDisk: TestedForge = {
	...onGit,
	title: 'a bare repository on the disk',
	cloneUrl: (forge, repository) => forge.repositoryPath(repository),
	inputs: () => ({}),
};

export const testedForges: readonly TestedForge[] = [
	onGitHub,
	onGitea,
	onGitLab,
	onBitbucketCloud,
	onBitbucketServer,
	onAzure,
];
