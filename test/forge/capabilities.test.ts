import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectForge } from '../../shared/forge/connect.ts';
import type { Forge } from '../../shared/forge/forge.ts';

const silent = () => undefined;
const page = readFileSync(
	join(import.meta.dirname, '../../actions/promotion-pr/FORGES.md'),
	'utf8',
);
const rows = page
	.split('\n')
	.filter((line) => line.startsWith('| '))
	.map((line) => line.split('|').map((cell) => cell.trim()));
const titles = rows[0]?.slice(2, -1) ?? [];

const kinds: Readonly<Record<string, readonly [Parameters<typeof connectForge>[0], string]>> = {
	GitHub: ['github', 'https://api.github.com'],
	'Gitea, Forgejo': ['gitea', 'https://git.invalid/api/v1'],
	GitLab: ['gitlab', 'https://git.invalid/api/v4'],
	'Bitbucket Cloud': ['bitbucket', 'https://api.bitbucket.org/2.0'],
	'Bitbucket Data Center': ['bitbucket', 'https://git.invalid/rest/api/latest'],
	'Azure DevOps': ['azure', 'https://dev.azure.com/acme'],
};

const members: Readonly<Record<string, keyof Forge>> = {
	'`auto-merge`': 'autoMerge',
	'`verified`': 'commitFiles',
	'commits of the source without': 'commitsBetween',
	'commit status': 'writeStatus',
	deployment: 'writeDeployment',
};

describe.each(titles)('the page on %s', (title) => {
	test.each(Object.entries(members))('is true of %s', async (row, member) => {
		const [kind, apiUrl] = kinds[title] ?? ['github', ''];
		const forge = await connectForge(kind, {
			apiUrl,
			repository: { owner: 'acme', name: 'infra' },
			token: undefined,
			tls: {},
			environment: {},
			log: { debug: silent, info: silent, warn: silent, error: silent },
			signal: new AbortController().signal,
		});
		const cells = rows.find(([, name]) => name?.startsWith(row));
		const cell = cells?.[titles.indexOf(title) + 2] ?? '';
		expect(cell).not.toBe('');
		expect(forge[member] !== undefined).toBe(!/^(none|bad input|fails)/.test(cell));
		await forge.close();
	});
});
