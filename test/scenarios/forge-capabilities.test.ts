import { expect, test, vi } from 'vitest';
import { onGit, type TestedForge, testedForges } from './forges.ts';
import type { Values } from './fronts.ts';
import { Promotion } from './promotion.ts';

// Every run is a process or two, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

/** An input that some forges have nothing for, and what becomes of it there. */
interface Capability {
	readonly inputs: Values;
	readonly lacking: (on: TestedForge) => boolean;
	/** 0: the step goes on. 1: it says so when all else is done. 2: nothing is done. */
	readonly exitCode: 0 | 1 | 2;
	readonly sentence: RegExp;
}

const capabilities: Readonly<Record<string, Capability>> = {
	labels: {
		inputs: { labels: 'promotion' },
		lacking: ({ has }) => !has.labels,
		exitCode: 0,
		sentence: /has no labels on pull requests: promotion is left out/,
	},
	assignees: {
		inputs: { assignees: 'alice' },
		lacking: ({ has }) => !has.assignees,
		exitCode: 0,
		sentence: /has no assignees on pull requests: alice is left out/,
	},
	teams: {
		inputs: { 'team-reviewers': 'operations' },
		lacking: ({ has }) => !has.teams,
		exitCode: 1,
		sentence: /operations were not asked for a review|for a review, so operations were not asked/,
	},
	verified: {
		inputs: { verified: 'true' },
		lacking: ({ title }) => !['GitHub', 'Gitea'].includes(title),
		exitCode: 2,
		sentence: /has no way to write a commit that it signs; leave \S+verified out|plain git server/,
	},
};

const forges = testedForges.some(({ isPlain }) => isPlain)
	? testedForges
	: [...testedForges, onGit];
const table = forges.flatMap((on) =>
	Object.entries(capabilities).map(([name, capability]) => ({
		title: on.title,
		name,
		on,
		...capability,
		does: capability.lacking(on) ? 'lacks them and says so' : 'has them and says nothing',
	})),
);

test.each(table)('$name: $title $does', async ({ on, inputs, lacking, exitCode, sentence }) => {
	const scene = await Promotion.start({}, on);
	try {
		const run = await scene.run(inputs);
		const told = run.stdout.split('\n').filter((line) => sentence.test(line));
		if (!lacking(on))
			return expect({ told, exitCode: run.exitCode }).toEqual({ told: [], exitCode: 0 });
		expect(told).toHaveLength(1);
		expect(run.exitCode).toBe(exitCode);
		expect(run.outputs.operation).toBe(exitCode === 2 ? undefined : 'created');
	} finally {
		await scene.close();
	}
});
