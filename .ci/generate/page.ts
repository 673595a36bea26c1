import { outputVariable } from '../../shared/ci/outputs.ts';
import type { AnyStep } from '../../shared/step/declare.ts';
import { azureExample } from './azure.ts';
import { bitbucketExample } from './bitbucket.ts';
import { buildkiteExample } from './buildkite.ts';
import { circleciExample } from './circleci.ts';
import {
	cliExample,
	containerExample,
	droneExample,
	githubExample,
	woodpeckerExample,
} from './examples.ts';
import { gitlabExample } from './gitlab.ts';
import { jenkinsExample } from './jenkins.ts';
import { fence, inputTable, outputTable } from './markdown.ts';
import { tektonExample } from './tekton.ts';
import { imageOf, writtenFrom } from './values.ts';

interface Section {
	readonly title: string;
	/** What has to be known besides the example, in a sentence or two. */
	note?(step: AnyStep): string;
	readonly language: string;
	example(step: AnyStep): string;
}

const sections: readonly Section[] = [
	{ title: 'Drone', language: 'yaml', example: droneExample },
	{ title: 'Woodpecker', language: 'yaml', example: woodpeckerExample },
	{ title: 'GitHub, Gitea and Forgejo Actions', language: 'yaml', example: githubExample },
	{
		title: 'GitLab',
		language: 'yaml',
		example: gitlabExample,
		note: (step) =>
			`A [component](../gitlab/templates/${step.name}.yml), \`.gitlab-ci.yml\`. Later jobs have the outputs as variables, such as \`${outputVariable(step.name, firstOutput(step))}\`.`,
	},
	{
		title: 'Azure Pipelines',
		language: 'yaml',
		example: azureExample,
		note: ({ name }) =>
			`A [template](../azure/templates/${name}.yml), \`azure-pipelines.yml\`; there is a [task](../azure/tasks/${name}/task.json) as well. Outputs are output variables of the step. A repository on Azure Repos is \`project/name\`, or its clone URL.`,
	},
	{
		title: 'Jenkins',
		language: 'groovy',
		example: jenkinsExample,
		note: ({ name }) =>
			`A \`Jenkinsfile\`; there is a [step of a shared library](../jenkins/README.md) as well. Outputs are in \`.lockstep/${name}.json\`.`,
	},
	{
		title: 'Bitbucket',
		language: 'yaml',
		example: bitbucketExample,
		note: (step) =>
			`A [pipe](../bitbucket/${step.name}/README.md), \`bitbucket-pipelines.yml\`. Later steps have those outputs as variables that this one names in its \`output-variables\`, such as \`${outputVariable(step.name, firstOutput(step))}\`.`,
	},
	{
		title: 'CircleCI',
		language: 'yaml',
		example: circleciExample,
		note: (step) =>
			`An [orb](../circleci/orb.yml), \`.circleci/config.yml\`. Later steps of the job have the outputs as variables, such as \`${outputVariable(step.name, firstOutput(step))}\`.`,
	},
	{
		title: 'Buildkite',
		language: 'yaml',
		example: buildkiteExample,
		note: (step) =>
			`\`pipeline.yml\`. Outputs are meta-data of the build, such as \`${step.name}:${firstOutput(step)}\`.`,
	},
	{
		title: 'Tekton',
		language: 'yaml',
		example: tektonExample,
		note: ({ name }) =>
			`A run of the [Task](../tekton/${name}.yaml). Outputs are its results. Tekton tells a Task nothing of an event.`,
	},
	{ title: 'Any other CI: a container', language: 'sh', example: containerExample },
	{
		title: 'A command',
		language: 'sh',
		example: cliExample,
		note: ({ name }) =>
			`In a terminal, or in any CI's script. An input may also be the variable \`LOCKSTEP_<INPUT>\` (\`LOCKSTEP_DRY_RUN\`), or stand in the section \`${name}:\` of a YAML file that \`--config\` names; what is given as an argument counts first, then the variable, then the file. Which CI it is shows by the CI's variables, or is said by \`--ci\` or \`LOCKSTEP_CI\` (\`gitlab\`, \`jenkins\`, ..., \`none\`).`,
	},
];

function firstOutput({ outputs }: AnyStep): string {
	return Object.keys(outputs)[0] ?? '';
}

/** The page of a step for the CIs that run its image or its command. */
export function pluginPage(step: AnyStep): string {
	const { name, title, text } = step;
	return `<!-- ${writtenFrom(step)} -->
# ${name}

${title}.

${text}

Image: \`${imageOf(step)}\`, about 74 MB to pull. On Drone and Woodpecker settings may be written with \`-\` or \`_\`; the
[schema](../schema/${name}.json) checks them in an editor.

${sections.map((section) => sectionText(section, step)).join('\n\n')}

GitLab, Azure Pipelines, Jenkins, Bitbucket, CircleCI, Buildkite and Tekton are supported by
documentation: the tests play them by the variables, files and commands that their makers describe,
not on their servers.

## Inputs

${inputTable(step)}

## Outputs

They are in the workspace, as \`.lockstep/${name}.json\` and, for a shell, \`.lockstep/${name}.env\`:
Drone and Woodpecker take outputs from a step in no other way.

The image's user is not root (but 65532), while the workspace of Drone and Woodpecker is root's: a
step whose outputs a later one reads needs \`user: root\` there on Drone, or \`backend_options:
{ docker: { user: root } }\` on Woodpecker. Without it a step says that it leaves none, and goes on.

${outputTable(step)}
`;
}

function sectionText({ title, note, language, example }: Section, step: AnyStep): string {
	const parts = [`## ${title}`, note?.(step), fence(language, example(step))];
	return parts.filter((part) => part !== undefined).join('\n\n');
}
