import { pipeVariable } from '../../shared/ci/bitbucket.ts';
import type { AnyStep } from '../../shared/step/declare.ts';
import { fence, inputTable, outputTable } from './markdown.ts';
import { exampleValues, imageOf, inputsOf, secretName, writtenFrom } from './values.ts';
import { yaml } from './yaml.ts';

/**
 * What describes a pipe.
 * https://support.atlassian.com/bitbucket-cloud/docs/write-a-pipe-for-bitbucket-pipelines/
 */
export function bitbucketPipe(step: AnyStep): string {
	const variables = inputsOf(step)
		.filter(([, { default: initial }]) => initial !== undefined)
		.map(([name, { default: initial }]) => ({ name: pipeVariable(name), default: initial }));
	const pipe = {
		name: `Lockstep: ${step.name}`,
		image: imageOf(step),
		description: `${step.title}.`,
		category: 'Deployment',
		repository: 'https://github.com/lockstep-ci/lockstep',
		vendor: { name: 'Lockstep', website: 'https://github.com/lockstep-ci/lockstep' },
		maintainer: { name: 'Lockstep', website: 'https://github.com/lockstep-ci/lockstep' },
		tags: ['deployment', 'gitops'],
		variables,
	};
	return `# ${writtenFrom(step)}\n${yaml(pipe)}`;
}

/** The page of a pipe, with the sections that Bitbucket asks for. */
export function bitbucketReadme(step: AnyStep): string {
	return `<!-- ${writtenFrom(step)} -->
# Bitbucket Pipelines Pipe: Lockstep ${step.name}

${step.title}.

## YAML Definition

${fence('yaml', bitbucketExample(step))}

## Variables

In upper case, with \`_\` for \`-\`: \`dry-run\` is \`DRY_RUN\`.

${inputTable(step)}

## Outputs

Later steps that name them in \`output-variables\` have them as variables, with the step's name in
front (\`${step.name.toUpperCase().replaceAll('-', '_')}_...\`); all are in \`.lockstep/${step.name}.json\`.

${outputTable(step)}
`;
}

/** The use of the pipe. */
export function bitbucketExample(step: AnyStep): string {
	const variables = exampleValues(step).map(({ name, secret, value }) => [
		pipeVariable(name),
		secret ? `$${secretName(name)}` : value,
	]);
	const pipe = { pipe: `docker://${imageOf(step)}`, variables: Object.fromEntries(variables) };
	return yaml({ pipelines: { default: [{ step: { name: step.name, script: [pipe] } }] } });
}
