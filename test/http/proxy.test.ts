import { expect, test } from 'vitest';
import { proxyFor } from '../../shared/http/proxy.ts';

const proxy = 'http://proxy.example.com:3128';
const choose = (server: string, environment: Record<string, string>) =>
	proxyFor(new URL(server), environment);

test.each([
	['https://a.example.com', { HTTPS_PROXY: proxy }, proxy],
	['https://a.example.com', { https_proxy: proxy, HTTPS_PROXY: 'http://other' }, proxy],
	['https://a.example.com', { HTTP_PROXY: proxy }, undefined],
	['http://a.example.com', { HTTP_PROXY: proxy, HTTPS_PROXY: 'http://other' }, proxy],
	['https://a.example.com', { HTTPS_PROXY: 'proxy.example.com:3128' }, proxy],
	['https://a.example.com', { HTTPS_PROXY: ' ' }, undefined],
	['https://a.example.com', { https_proxy: '', HTTPS_PROXY: proxy }, proxy],
	['https://a.example.com', {}, undefined],
])('%s with %j goes by %s', (server, environment, expected) => {
	expect(choose(server, environment)).toBe(expected);
});

test.each([
	['a.example.com', 'a.example.com', true],
	['A.example.com', 'a.EXAMPLE.com', true],
	['a.example.com', 'example.com', true],
	['a.example.com', '.example.com', true],
	['a.example.com', '*.example.com', true],
	['a.example.com', 'b.test, example.com', true],
	['a.example.com', 'b.test example.com', true],
	['a.example.com', 'ample.com', false],
	['example.com', '.example.com', false],
	['example.com', '', false],
	['example.com', '*', true],
	['a.example.com:6443', 'example.com:6443', true],
	['a.example.com:6443', 'example.com:443', false],
	['a.example.com', 'example.com:443', true],
	['10.1.2.3', '10.1.2.3', true],
	['10.1.2.3:6443', '10.0.0.0/8', true],
	['11.1.2.3', '10.0.0.0/8', false],
	['10.1.2.3', '10.0.0.0/99', false],
	['10.1.2.3', '1.2.3', false],
	['[fd00::7]:6443', 'fd00::/8', true],
	['[fd00::7]:6443', '[fd00::7]', true],
	['[fe00::7]', 'fd00::/8', false],
	['10.1.2.3', 'fd00::/8', false],
])('%s with NO_PROXY=%s is asked directly: %s', (host, noProxy, isDirect) => {
	const chosen = choose(`https://${host}`, { HTTPS_PROXY: proxy, NO_PROXY: noProxy });
	expect(chosen === undefined).toBe(isDirect);
});

test.each(['socks5://proxy:1080', 'http://ci:100%@proxy:3128', 'http://[proxy'])(
	'%s is bad input where it would be used',
	(unusable) => {
		const environment = { HTTPS_PROXY: unusable, NO_PROXY: 'b.test' };
		expect(() => choose('https://a.test', environment)).toThrow(
			expect.objectContaining({
				exitCode: 2,
				message: expect.stringMatching(
					/^The variable HTTPS_PROXY names .* or a\.test has to be in NO_PROXY$/,
				),
			}),
		);
		expect(choose('https://b.test', environment)).toBeUndefined();
	},
);
