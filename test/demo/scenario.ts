import {
	checkDeployTag,
	checkRunning,
	checkSameImage,
	checkTag,
	checkUntouched,
	same,
} from './checks.ts';
import type { Run } from './ci-server.ts';
import { image } from './flow.ts';
import { outcomes, outputOf, type Play, reasonOf } from './play.ts';

const branch = 'feature/greeting';
const release = 'v1.1.0';

/** What the acts hand on to those that follow. */
interface Story {
	/** The commit that is released. */
	commit: string;
	stagingVersion: string;
	pull: number;
	runs: Run[];
}

/** Plays the whole of the flow. @throws Unmet at the first thing that is not as it has to be. */
export async function playFlow(play: Play): Promise<void> {
	const story: Story = { commit: '', stagingVersion: '', pull: 0, runs: [] };
	await toStaging(play, story);
	await nothingToBuild(play);
	await toQa(play, story);
	await approvalAndMerge(play, story);
	await theSameAgain(play, story);
	await broken(play, story);
	await atTheEnd(play);
}

async function toStaging(play: Play, story: Story): Promise<void> {
	const { world } = play;
	const { developer, firstCommits } = world;
	await play.act(
		'A push to a branch goes to staging',
		`alice pushes ${branch} to the application.`,
		async () => {
			const runs = await play.runsAfter(async () => {
				story.commit = await developer.commit(branch, 'Greet the world', {
					'src/index.html': page('Hello, world'),
				});
				await developer.push(branch);
			});
			story.runs.push(...runs);
			story.stagingVersion = `feature-greeting-${story.commit.slice(0, 7)}`;
			const ran = outcomes(runs);
			play.check(
				'the image is built, and staging rolls it out',
				same(ran, ['application: success', 'infra-staging: success']),
				ran,
			);
			await play.checkBump(
				'infra-staging',
				firstCommits['infra-staging'],
				`${image}:${story.stagingVersion}`,
			);
			await checkRunning(play, 'staging', story.stagingVersion);
			await checkDeployTag(play, 'staging', story.stagingVersion, story.commit);
			await checkUntouched(play, 'infra-qa');
			await checkUntouched(play, 'infra-production');
		},
	);
}

async function nothingToBuild(play: Play): Promise<void> {
	const { developer } = play.world;
	await play.act(
		'A push to main and a deleted branch are nothing to build',
		`alice merges ${branch} into main, and deletes it.`,
		async () => {
			const before = await play.everything();
			const merged = await play.runsAfter(async () => {
				await developer.merge(branch);
				await developer.push('main');
			});
			play.check('a push to main starts nothing', merged.length === 0, outcomes(merged));
			const deleted = await play.runsAfter(() => developer.push(`:${branch}`));
			play.check('a deleted branch starts nothing', deleted.length === 0, outcomes(deleted));
			const infra = (text: string) => text.replaceAll(/"application [^"]*",?/g, '');
			play.check(
				'no infra repository has changed',
				infra(await play.everything()) === infra(before),
			);
		},
	);
}

async function toQa(play: Play, story: Story): Promise<void> {
	const { developer, firstCommits, reviewer, ci, clusters } = play.world;
	await play.act(
		'A tag goes to QA, and asks for production',
		`alice tags the application as ${release}.`,
		async () => {
			const before = ci.events.length;
			const runs = await play.runsAfter(async () => {
				await developer.tag(release);
				await developer.push(release);
			});
			story.runs.push(...runs);
			const ran = outcomes(runs);
			play.check(
				'the version is built, and QA rolls it out',
				same(ran, ['application: success', 'infra-qa: success']),
				ran,
			);
			await play.checkBump('infra-qa', firstCommits['infra-qa'], `${image}:${release}`);
			await checkRunning(play, 'qa', release);
			await checkTag(
				play,
				`ami/us-east-1/${release}`,
				story.commit,
				/"ami-id": "ami-[0-9a-f]{17}"/,
			);
			await checkDeployTag(play, 'qa', release, story.commit);
			const pulls = await reviewer.pulls('infra-production');
			play.check(
				'there is one pull request on infra-production, and it is open',
				pulls.length === 1 && pulls[0]?.state === 'open',
				pulls,
			);
			story.pull = pulls[0]?.number ?? 0;
			const view = await play.world.views['infra-production'].update();
			const diff = await view.git('diff', '--unified=0', 'main', pulls[0]?.branch ?? '');
			play.check(
				`it carries QA's image, ${image}:${release}`,
				diff.includes(`image: ${image}:${release}`),
				diff,
			);
			const opened = ci.events.slice(before).find(({ pullRequest }) => pullRequest !== undefined);
			play.check(
				'it was told to the CI, and started nothing',
				opened !== undefined && !ran.includes('infra-production: success'),
			);
			play.check(
				'production runs nothing yet',
				(await clusters.production.running()) === undefined,
			);

			const everything = await play.everything();
			await ci.deliverAgain(play.need('QA was told of its push', runs[1]).event);
			play.check(
				'the same push to QA again makes no second pull request',
				(await play.everything()) === everything,
			);
		},
	);
}

async function approvalAndMerge(play: Play, story: Story): Promise<void> {
	const { reviewer, firstCommits, views } = play.world;
	await play.act(
		'An approved pull request goes to production',
		`bob looks at QA, approves pull request ${story.pull} and merges it.`,
		async () => {
			const early = await reviewer.merge('infra-production', story.pull);
			play.check('it cannot be merged before it is approved', !early);
			const runs = await play.runsAfter(async () => {
				await reviewer.approve('infra-production', story.pull);
				const merged = await reviewer.merge('infra-production', story.pull);
				play.check('after the approval it can', merged);
			});
			story.runs.push(...runs);
			const ran = outcomes(runs);
			play.check('production rolls it out', same(ran, ['infra-production: success']), ran);
			const view = await views['infra-production'].update();
			await play.checkImageAlone(view, firstCommits['infra-production'], `${image}:${release}`);
			await checkRunning(play, 'production', release);
			await checkDeployTag(play, 'production', release, story.commit);
			await checkSameImage(play);
		},
	);
}

async function theSameAgain(play: Play, story: Story): Promise<void> {
	const { ci } = play.world;
	await play.act(
		'The same events again change nothing',
		'The forge delivers every event so far once more.',
		async () => {
			const before = await play.everything();
			for (const { event } of story.runs) await ci.deliverAgain(event);
			const again = ci.runs.slice(-story.runs.length);
			play.check(
				'every pipeline ends well',
				again.every(({ result }) => result.status === 'success'),
				outcomes(again),
			);
			await play.world.settled();
			play.check(
				'no commit, no tag and no pull request is new',
				(await play.everything()) === before,
			);
		},
	);
}

async function broken(play: Play, story: Story): Promise<void> {
	const { developer, servers, reviewer, views } = play.world;
	const version = servers.brokenVersion;
	await play.act(
		'A version that does not start goes no further than QA',
		`alice tags a version that crashes, ${version}.`,
		async () => {
			const view = await views['infra-qa'].update();
			const [before, first] = [await view.tip(), play.world.firstCommits['infra-qa']];
			const runs = await play.runsAfter(async () => {
				await developer.commit('main', 'Read the greeting from a file', {
					Dockerfile: brokenDockerfile,
				});
				await developer.tag(version);
				await developer.push('main', version);
			});
			const ran = outcomes(runs);
			play.check(
				"it is built, QA's rollout fails, and QA rolls out what comes after",
				same(ran, ['application: success', 'infra-qa: failure', 'infra-qa: success']),
				ran,
			);
			const [, failed, back] = runs;
			const cause = reasonOf(failed);
			play.check(`the cause is told: ${cause}`, /crash|exit/i.test(cause));
			play.check(
				'nothing is promoted after the failure',
				failed?.result.steps.find(({ uses }) => uses.includes('promotion-pr'))?.status ===
					'skipped',
			);
			const pulls = await reviewer.pulls('infra-production');
			play.check(
				'there is no new pull request',
				pulls.length === 1 && pulls[0]?.merged === true,
				pulls,
			);
			await view.update();
			const commits = await view.log(`${before}..main`);
			play.check(
				'a commit takes QA back to the version before',
				commits.length === 2 && commits[0]?.subject.startsWith('Revert ') === true,
				commits,
			);
			await play.checkImageAlone(view, first, `${image}:${release}`);
			await checkRunning(play, 'qa', release);
			const operation = outputOf(back, /promotion-pr/, 'operation');
			play.check(
				'production has that version, so nothing is asked of it',
				operation === undefined || operation === 'none',
				operation,
			);
			const tags = await (await views.application.update()).refs();
			play.check(
				`no tag says that QA runs ${version}`,
				!tags.has(`refs/tags/deploy/qa/${version}`),
			);
			await checkDeployTag(play, 'qa', release, story.commit);
		},
	);
}

async function atTheEnd(play: Play): Promise<void> {
	const { views, firstCommits } = play.world;
	await play.act('At the end', 'QA and production are held against each other.', async () => {
		await checkSameImage(play);
		for (const name of ['infra-staging', 'infra-qa', 'infra-production'] as const) {
			const view = await views[name].update();
			const files = await view.changedFiles(firstCommits[name], 'main');
			const lines = await view.changedLines(firstCommits[name], 'main');
			play.check(
				`${name} differs from its first commit in the image alone`,
				files.length === 1 &&
					lines.length === 2 &&
					lines.every((line) => line.includes(`image: ${image}:`)),
				lines,
			);
		}
	});
}

function page(greeting: string): string {
	return `<!doctype html>\n<title>pipeline-application</title>\n<h1>${greeting}</h1>\n`;
}

/** The labels tell the embedded cluster how a container of this image ends. */
const brokenDockerfile = `FROM nginx:1.29-alpine
COPY src /usr/share/nginx/html
LABEL lockstep.test/behaviour="crash"
LABEL lockstep.test/log="nginx: [emerg] open() \\"/etc/greeting.conf\\" failed (2: No such file or directory)"
EXPOSE 80
`;
