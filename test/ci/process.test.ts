import { expect, test } from 'vitest';
import { childEnvironment } from '../../shared/ci/process.ts';

test('a child process gets no input of the step, in whatever form it was given', () => {
	const inputs = { INPUT_TOKEN: 'a', 'PLUGIN_SSH-KEY': 'b', LOCKSTEP_TOKEN: 'c' };
	expect(childEnvironment({ PATH: '/bin', ...inputs })).toEqual({ PATH: '/bin' });
});

test('the variables of a Bitbucket pipe are inputs in a pipe alone', () => {
	const env = { TOKEN: 'a', FILE_COUNT: '1', FILE_0: 'x', HOME: '/root' };
	const pipe = { BITBUCKET_PIPE_STORAGE_DIR: '/opt/storage' };
	expect(childEnvironment(env, ['token', 'file'])).toEqual(env);
	expect(childEnvironment({ ...env, ...pipe }, ['token', 'file'])).toEqual({
		HOME: '/root',
		...pipe,
	});
});
