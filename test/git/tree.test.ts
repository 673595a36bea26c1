import { describe, expect, test } from 'vitest';
import { repositoryPath, selectFiles } from '../../shared/git/tree.ts';

const file = (path: string, mode = '100644') => ({ path, mode, oid: 'a'.repeat(40) });
const files = [
	file('-n.yaml'),
	file('README.md'),
	file('apps/api/deploy.yaml'),
	file('apps/api/link.yaml', '120000'),
	file('apps/api/service.yaml'),
	file('apps/web/deploy.yml'),
	file('apps/web/run.sh', '100755'),
	file('linked', '120000'),
	file('odd/a[1].yaml'),
	file('odd/a1.yaml'),
	file('vendor/lib', '160000'),
];
const select = (...patterns: string[]) =>
	selectFiles(files, patterns, 'main of https://git/infra').map(({ path }) => path);

describe('which files are meant', () => {
	test.each([
		['apps/api/deploy.yaml', ['apps/api/deploy.yaml']],
		['apps/*/deploy.{yaml,yml}', ['apps/api/deploy.yaml', 'apps/web/deploy.yml']],
		['apps/**/*.yaml', ['apps/api/deploy.yaml', 'apps/api/service.yaml']],
		['odd/a[1].yaml', ['odd/a[1].yaml']],
		['odd/*.yaml', ['odd/a[1].yaml', 'odd/a1.yaml']],
		['-n.yaml', ['-n.yaml']],
		['**', files.filter(({ mode }) => mode.startsWith('100')).map(({ path }) => path)],
	])('%s', (pattern, paths) => {
		expect(select(pattern)).toEqual(paths);
	});

	test('a file that two patterns name is taken once', () => {
		expect(select('apps/api/*.yaml', 'apps/api/deploy.yaml')).toHaveLength(2);
	});

	test.each([
		[
			'apps/api/deplyo.yaml',
			'There is no file apps/api/deplyo.yaml in main of https://git/infra; it has apps/api/deploy.yaml, apps/api/',
		],
		[
			'apps/*/none.yaml',
			'No file matches apps/*/none.yaml in main of https://git/infra; it has apps/',
		],
		['apps/api', 'apps/api in main of https://git/infra is a folder'],
		['apps/api/link.yaml', 'is a symbolic link, which is never followed'],
		['linked/deploy.yaml', 'leads through linked, which is a symbolic link'],
		['vendor/lib', 'is a submodule'],
	])('%s is refused', (pattern, message) => {
		expect(() => select(pattern)).toThrow(message);
	});

	test.each(['../other.yaml', '/etc/passwd', 'apps/../../x', '', 'a\0b'])(
		'%j leads out of the repository, and is bad input',
		(path) => {
			expect(() => repositoryPath(path)).toThrow(expect.objectContaining({ exitCode: 2 }));
		},
	);

	test('./ before a path is taken off', () => {
		expect(repositoryPath('./apps/api.yaml')).toBe('apps/api.yaml');
	});
});
