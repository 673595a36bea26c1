import { defineConfig } from 'vitest/config';

const minute = 60_000;

export default defineConfig({
	test: {
		root: import.meta.dirname,
		globalSetup: 'global-setup.ts',
		// the servers are shared, and real ones take their time
		testTimeout: 2 * minute,
		hookTimeout: 2 * minute,
	},
});
