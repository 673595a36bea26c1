import { describe, expect, test } from 'vitest';
import { loginIn, parseRemote, repositoryId } from '../../shared/git/remote.ts';

describe('where a repository is', () => {
	test.each([
		['acme/api', 'https://github.com/acme/api.git', 'github.com', 'acme', 'api'],
		['acme/api.git', 'https://github.com/acme/api.git', 'github.com', 'acme', 'api'],
		['group/sub/api', 'https://github.com/group/sub/api.git', 'github.com', 'group/sub', 'api'],
		[
			'https://git.example.com/acme/api.git',
			'https://git.example.com/acme/api.git',
			'git.example.com',
			'acme',
			'api',
		],
		[
			'https://git.example.com:8443/acme/api/',
			'https://git.example.com:8443/acme/api',
			'git.example.com:8443',
			'acme',
			'api',
		],
		['http://127.0.0.1:3000/a/b', 'http://127.0.0.1:3000/a/b', '127.0.0.1:3000', 'a', 'b'],
		['git@github.com:acme/api.git', 'git@github.com:acme/api.git', 'github.com', 'acme', 'api'],
		['github.com:acme/api', 'github.com:acme/api', 'github.com', 'acme', 'api'],
		[
			'ssh://git@git.example.com:2222/acme/api.git',
			'ssh://git@git.example.com:2222/acme/api.git',
			'git.example.com:2222',
			'acme',
			'api',
		],
		['file:///srv/git/acme/api.git', 'file:///srv/git/acme/api.git', 'localhost', 'acme', 'api'],
		['/srv/git/acme/api.git', 'file:///srv/git/acme/api.git', 'localhost', 'acme', 'api'],
		['/api.git', 'file:///api.git', 'localhost', '', 'api'],
	])('%s', (text, url, host, owner, name) => {
		expect(parseRemote(text)).toMatchObject({ url, host, owner, name });
	});

	test.each([
		['https://git.example.com', 'https://git.example.com/acme/api.git'],
		['https://example.com/git/', 'https://example.com/git/acme/api.git'],
		['http://127.0.0.1:3000', 'http://127.0.0.1:3000/acme/api.git'],
	])('owner/name is on the forge of the CI: %s', (serverUrl, url) => {
		expect(parseRemote('acme/api', { serverUrl }).url).toBe(url);
	});

	test('the record names a repository by host, owner and name', () => {
		expect(repositoryId(parseRemote('git@git.example.com:acme/api.git'))).toBe(
			'git.example.com/acme/api',
		);
	});

	test.each([
		['https://bot:s3cret@git.example.com/acme/api.git', 'bot', 's3cret'],
		['https://s3cret@git.example.com/acme/api.git', 's3cret', ''],
		['https://bot:p%40ss@git.example.com/acme/api.git', 'bot', 'p@ss'],
	])('credentials are taken out of %s', (text, username, password) => {
		expect(parseRemote(text).url).toBe('https://git.example.com/acme/api.git');
		expect(loginIn(text)).toEqual({ username, password });
	});

	test.each([
		'api',
		'',
		'--upload-pack=touch',
		'-acme/api',
		'acme/../api',
		'ssh://-oProxyCommand=x/acme/api',
		'-oProxyCommand=x:acme/api',
		'ext::sh -c touch',
		'ext::touch',
		'ftp://example.com/acme/api',
		'https://example.com',
		'https://exa mple.com/a/b',
		'acme/api\nother',
	])('%j is refused as bad input', (text) => {
		expect(() => parseRemote(text, { inputName: '--repository' })).toThrow(
			expect.objectContaining({ exitCode: 2 }),
		);
	});

	test('a URL that is refused is told without its credentials', () => {
		expect(() => parseRemote('ftp://bot:s3cret@example.com/acme/api')).toThrow(
			expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
		);
	});
});
