import { expect, test } from 'vitest';
import { type KnownSite, pagesOf } from '../../shared/forge/pages.ts';
import { parseRemote } from '../../shared/git/remote.ts';
import { knownSites } from '../../shared/step/sites.ts';

const from = 'a'.repeat(40);
const to = 'b'.repeat(40);

const github = (url: string): KnownSite => ({ url, style: 'github' });
const gitlab = (url: string): KnownSite => ({ url, style: 'gitlab' });
const server = (url: string): KnownSite => ({ url, style: 'bitbucket-server' });
const azure = (url: string): KnownSite => ({ url, style: 'azure' });

test.each<[string, string, string, string, KnownSite[]?]>([
	[
		'GitHub',
		'github.com/acme/api',
		`https://github.com/acme/api/commit/${to}`,
		`https://github.com/acme/api/compare/${from}...${to}`,
	],
	[
		'GitHub, ssh over port 443',
		'ssh.github.com:443/acme/api',
		`https://github.com/acme/api/commit/${to}`,
		`https://github.com/acme/api/compare/${from}...${to}`,
	],
	[
		'Gitea at a port, over http',
		'127.0.0.1:3000/acme/api',
		`http://127.0.0.1:3000/acme/api/commit/${to}`,
		`http://127.0.0.1:3000/acme/api/compare/${from}...${to}`,
		[github('http://127.0.0.1:4000'), github('http://127.0.0.1:3000/')],
	],
	[
		'Gitea by the port of its ssh',
		'git.example.com:2222/acme/api',
		`https://git.example.com:3000/acme/api/commit/${to}`,
		`https://git.example.com:3000/acme/api/compare/${from}...${to}`,
		[github('https://git.example.com:3000')],
	],
	[
		'a forge that nothing is known of',
		'git.example.com/acme/api',
		`https://git.example.com/acme/api/commit/${to}`,
		`https://git.example.com/acme/api/compare/${from}...${to}`,
		[gitlab('https://gitlab.example.com')],
	],
	[
		'GitLab, in nested groups',
		'gitlab.example.com/acme/platform/api',
		`https://gitlab.example.com/acme/platform/api/-/commit/${to}`,
		`https://gitlab.example.com/acme/platform/api/-/compare/${from}...${to}`,
		[gitlab('https://gitlab.example.com')],
	],
	[
		'Bitbucket Cloud',
		'bitbucket.org/acme/api',
		`https://bitbucket.org/acme/api/commits/${to}`,
		`https://bitbucket.org/acme/api/branches/compare/${to}%0D${from}`,
	],
	[
		'Bitbucket Data Center',
		'bb.example.com/scm/ACME/api',
		`https://bb.example.com/projects/ACME/repos/api/commits/${to}`,
		`https://bb.example.com/projects/ACME/repos/api/compare/commits?targetBranch=${from}&sourceBranch=${to}`,
		[server('https://bb.example.com')],
	],
	[
		'Bitbucket Data Center below a path',
		'example.com/bitbucket/scm/~alice/api',
		`https://example.com/bitbucket/projects/~alice/repos/api/commits/${to}`,
		`https://example.com/bitbucket/projects/~alice/repos/api/compare/commits?targetBranch=${from}&sourceBranch=${to}`,
		[server('https://example.com/bitbucket')],
	],
	[
		'Bitbucket Data Center over ssh',
		'bb.example.com:7999/acme/api',
		`https://bb.example.com/projects/acme/repos/api/commits/${to}`,
		`https://bb.example.com/projects/acme/repos/api/compare/commits?targetBranch=${from}&sourceBranch=${to}`,
		[server('https://bb.example.com')],
	],
	[
		'Azure DevOps',
		'dev.azure.com/acme/The shop/_git/api',
		`https://dev.azure.com/acme/The%20shop/_git/api/commit/${to}`,
		`https://dev.azure.com/acme/The%20shop/_git/api/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
	],
	[
		'Azure DevOps over ssh',
		'ssh.dev.azure.com/v3/acme/shop/api',
		`https://dev.azure.com/acme/shop/_git/api/commit/${to}`,
		`https://dev.azure.com/acme/shop/_git/api/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
	],
	[
		'Azure DevOps over its older ssh',
		'vs-ssh.visualstudio.com/v3/acme/shop/api',
		`https://acme.visualstudio.com/shop/_git/api/commit/${to}`,
		`https://acme.visualstudio.com/shop/_git/api/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
	],
	[
		'Azure DevOps Server',
		'tfs.example.com/tfs/Main/shop/_git/api',
		`https://tfs.example.com/tfs/Main/shop/_git/api/commit/${to}`,
		`https://tfs.example.com/tfs/Main/shop/_git/api/branchCompare?baseVersion=GC${from}&targetVersion=GC${to}&_a=commits`,
		[azure('https://tfs.example.com/tfs/Main')],
	],
])('%s', (_title, repository, commit, compare, sites) => {
	const pages = pagesOf(repository, sites);
	expect(pages.commit(to)).toBe(commit);
	expect(pages.compare(from, to)).toBe(compare);
});

test.each([
	['gitlab', 'https://git.example.com', 'gitlab'],
	['azure', 'https://tfs.example.com/tfs/Main', 'azure'],
	['bitbucket', 'https://bb.example.com', 'bitbucket-server'],
	['gitea', 'https://git.example.com', 'github'],
] as const)('a CI that works for %s tells where its pages are', (kind, url, style) => {
	const target = parseRemote('https://plain.example.com/acme/infra.git');
	expect(knownSites(target, {}, { forge: { kind, url } })).toEqual([{ url, style }]);
});
