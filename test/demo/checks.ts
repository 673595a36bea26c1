import { type EnvironmentName, image } from './flow.ts';
import type { Play } from './play.ts';

/** Checks that an environment runs one image, of this version. */
export async function checkRunning(
	play: Play,
	environment: EnvironmentName,
	version: string,
): Promise<void> {
	const running = await play.world.clusters[environment].running();
	play.check(
		`${environment} runs ${image}:${version}`,
		running?.image === `${image}:${version}` && running.imageIds.length === 1,
		running,
	);
}

/** Checks that QA and production run the same image, by name and by digest. */
export async function checkSameImage(play: Play): Promise<void> {
	const { clusters } = play.world;
	const [qa, production] = [await clusters.qa.running(), await clusters.production.running()];
	play.check(
		`QA and production run the same image, by name and by digest`,
		qa !== undefined && JSON.stringify(qa) === JSON.stringify(production),
		{ qa, production },
	);
}

/** Checks that a repository has nothing but its first commit. */
export async function checkUntouched(
	play: Play,
	repository: 'infra-qa' | 'infra-production',
): Promise<void> {
	const view = await play.world.views[repository].update();
	const refs = [...(await view.refs()).values()];
	play.check(`${repository} is as it was`, same(refs, [play.world.firstCommits[repository]]), refs);
}

/** Checks that the application's commit is tagged as deployed to an environment. */
export async function checkDeployTag(
	play: Play,
	environment: EnvironmentName,
	version: string,
	commit: string,
): Promise<void> {
	await checkTag(
		play,
		`deploy/${environment}/${version}`,
		commit,
		new RegExp(`"environment": "${environment}"`),
	);
}

/** Checks that a tag stands on the application's commit, and what its JSON tells. */
export async function checkTag(
	play: Play,
	name: string,
	commit: string,
	content: RegExp,
): Promise<void> {
	const view = await play.world.views.application.update();
	const tag = `refs/tags/${name}`;
	play.check(`the application has the tag ${name}`, (await view.refs()).has(tag));
	const tagged = await view.git('rev-parse', `${tag}^{commit}`);
	play.check('it stands on the commit that was built', tagged === commit, tagged);
	const message = await view.git('cat-file', 'tag', tag);
	play.check(
		'and tells what became of it',
		message.includes(`"commit": "${commit}"`) && content.test(message),
		message,
	);
}

/** Whether two lists hold the same, in the same order. */
export function same(found: readonly string[], expected: readonly string[]): boolean {
	return found.length === expected.length && found.every((item, index) => item === expected[index]);
}
