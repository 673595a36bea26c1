import { join } from 'node:path';
import { runDrone } from '../engines/drone.ts';
import { runGithub } from '../engines/github.ts';
import type { RunPipeline } from '../engines/pipeline.ts';
import { runWoodpecker } from '../engines/woodpecker.ts';

const root = join(import.meta.dirname, '../..');

/** The four repositories of the flow, by the names that the demo keeps them under. */
export const repositoryNames = [
	'application',
	'infra-staging',
	'infra-qa',
	'infra-production',
] as const;
export type RepositoryName = (typeof repositoryNames)[number];

export const environmentNames = ['staging', 'qa', 'production'] as const;
export type EnvironmentName = (typeof environmentNames)[number];

export const owner = 'dellintosh';
/** The image has the name of the application's repository, in the registry that docker.io stands for. */
export const image = `${owner}/pipeline-application`;
export const deployment = 'pipeline-application';
/** The file that names the image, in each infra repository. */
export const manifest = 'kubernetes/deployments/project.yaml';

/** `owner/name` on the forge. */
export function fullNameOf(name: RepositoryName): string {
	return name === 'application' ? image : `${image}-${name}`;
}

/** The files that a repository begins with, besides its pipeline. */
export function contentOf(name: RepositoryName): string {
	return join(root, 'test/demo/repositories', name);
}

export type CiName = 'drone' | 'woodpecker' | 'github';

/** A CI: where it looks for a pipeline in a repository, and how it is played here. */
export interface Ci {
	readonly title: string;
	readonly file: string;
	readonly run: RunPipeline;
	/** The folder of the example pipelines, a folder by repository each. */
	readonly examples: string;
}

export const cis: Readonly<Record<CiName, Ci>> = {
	drone: {
		title: 'Drone',
		file: '.drone.yml',
		run: runDrone,
		examples: join(root, 'plugins/drone/examples'),
	},
	woodpecker: {
		title: 'Woodpecker',
		file: '.woodpecker.yaml',
		run: runWoodpecker,
		examples: join(root, 'plugins/woodpecker/examples'),
	},
	github: {
		title: 'GitHub Actions',
		file: '.github/workflows/deploy.yml',
		run: runGithub,
		examples: join(root, 'actions/examples'),
	},
};

/** Which CI works for which repository. */
export type CiPlan = Readonly<Record<RepositoryName, CiName>>;
