import { expect, test } from 'vitest';
import { detectHost } from '../../shared/ci/detect.ts';
import { detectForge } from '../../shared/forge/detect.ts';
import { parseRemote } from '../../shared/git/remote.ts';
import { capturedEnvironment } from './captured-environment.ts';

const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

/** Hosts that there are none of: nobody can have been asked what they are. */
test.each([
	[
		'gitlab',
		'https://git.acme.invalid',
		'https://git.acme.invalid/acme/platform/infra.git',
		{ kind: 'gitlab', apiUrl: 'https://git.acme.invalid/api/v4' },
	],
	[
		'gitlab',
		'https://git.acme.invalid',
		'git@git.acme.invalid:acme/platform/infra.git',
		{ kind: 'gitlab', apiUrl: 'https://git.acme.invalid/api/v4' },
	],
	[
		'bitbucket_dc',
		'https://code.acme.invalid',
		'https://code.acme.invalid/scm/ACME/infra.git',
		{ kind: 'bitbucket', apiUrl: 'https://code.acme.invalid/rest/api/latest' },
	],
	[
		'bitbucket',
		'https://bitbucket.org',
		'https://bitbucket.org/acme/infra.git',
		{ kind: 'bitbucket', apiUrl: 'https://api.bitbucket.org/2.0' },
	],
	[
		'github',
		'https://ghe.acme.invalid',
		'https://ghe.acme.invalid/acme/infra.git',
		{ kind: 'github', apiUrl: 'https://ghe.acme.invalid/api/v3' },
	],
	[
		'forgejo',
		'https://code.acme.invalid',
		'https://code.acme.invalid/acme/infra.git',
		{ kind: 'forgejo', apiUrl: 'https://code.acme.invalid/api/v1' },
	],
])('Woodpecker on %s at %s tells what %s is on', async (type, url, cloneUrl, found) => {
	const { event } = detectHost(
		{
			...capturedEnvironment('woodpecker-3.17.0-push'),
			CI_FORGE_TYPE: type,
			CI_FORGE_URL: url,
			CI_REPO_CLONE_URL: cloneUrl,
		},
		[],
	);
	const question = {
		remote: parseRemote(cloneUrl),
		ciForge: event.forge,
		tls: {},
		environment: {},
		log,
		signal: new AbortController().signal,
	};
	expect(await detectForge(question)).toEqual(found);
});

test('a forge that Woodpecker names and the steps do not know is asked what it is', () => {
	const environment = { ...capturedEnvironment('woodpecker-3.17.0-push'), CI_FORGE_TYPE: 'addon' };
	expect(detectHost(environment, []).event.forge).toBeUndefined();
});
