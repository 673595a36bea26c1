import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

const minute = 60_000;

export default defineConfig({
	test: {
		root: join(import.meta.dirname, '../..'),
		include: ['test/e2e/**/*.test.ts'],
		globalSetup: 'test/e2e/global-setup.ts',
		// the servers are real, and all test files share them; most of the time goes by waiting
		maxWorkers: 3,
		sequence: { sequencer: LongestFirst },
		testTimeout: 2 * minute,
		hookTimeout: 2 * minute,
	},
});
