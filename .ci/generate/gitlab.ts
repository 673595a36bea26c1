import { variableOf } from '../../shared/ci/command-inputs.ts';
import { dotenvOf } from '../../shared/ci/outputs.ts';
import type { AnyStep, Input } from '../../shared/step/declare.ts';
import { choicesOf, describeInput } from '../../shared/step/help.ts';
import { asText, exampleValues, imageOf, inputsOf, source, writtenFrom } from './values.ts';
import { yaml } from './yaml.ts';

/** Inputs of the job that the component makes, beside those of the step. */
const jobInputs = {
	'job-name': (step: AnyStep) => ({ description: "The job's name.", default: step.name }),
	'job-stage': () => ({ description: 'Its stage.', default: 'deploy' }),
	'job-image': (step: AnyStep) => ({ description: 'Its image.', default: imageOf(step) }),
};

/**
 * A component of GitLab's: its inputs become variables of a job.
 * https://docs.gitlab.com/ci/components/ and https://docs.gitlab.com/ci/inputs/
 */
export function gitlabTemplate(step: AnyStep): string {
	const inputs = inputsOf(step);
	const spec = {
		...Object.fromEntries(inputs.map(([name, declared]) => [name, specOf(declared)])),
		...Object.fromEntries(Object.entries(jobInputs).map(([name, of]) => [name, of(step)])),
	};
	const folder = '$[[ inputs.outputs-dir ]]';
	const job = {
		'$[[ inputs.job-name ]]': {
			stage: '$[[ inputs.job-stage ]]',
			image: { name: '$[[ inputs.job-image ]]', entrypoint: [''] },
			variables: Object.fromEntries(
				inputs.map(([name]) => [variableOf(name), `$[[ inputs.${name} ]]`]),
			),
			script: [`lockstep ${step.name}`],
			artifacts: {
				when: 'always',
				paths: [`${folder}/`],
				reports: { dotenv: `${folder}/${dotenvOf(step.name)}` },
			},
		},
	};
	return `# ${writtenFrom(step)}\n${yaml({ spec: { inputs: spec } })}---\n${yaml(job)}`;
}

/** All are strings: a variable takes nothing else. */
function specOf(declared: Input): object {
	const { required, secret } = declared;
	const choices = choicesOf(declared);
	const text = describeInput({ ...declared, required: false }, { withDefault: false });
	return {
		description: secret ? `${text} As \`$NAME\` of a masked variable.` : text,
		...(required ? {} : { default: declared.default ?? '' }),
		...(choices && { options: declared.default === undefined ? ['', ...choices] : choices }),
	};
}

/** The use of the component. */
export function gitlabExample(step: AnyStep): string {
	const values = exampleValues(step);
	const inputs = values
		.filter(({ secret }) => !secret)
		.map(({ name, value }) => [name, String(asText(value))]);
	const include = {
		remote: `${source}/plugins/gitlab/templates/${step.name}.yml`,
		inputs: Object.fromEntries(inputs),
	};
	return `${secretsNote(values)}${yaml({ include: [include] })}`;
}

/** Where the secrets come from, on a CI that hands its secret variables to every job. */
export function secretsNote(values: ReturnType<typeof exampleValues>): string {
	return values
		.filter(({ secret }) => secret)
		.map(({ name }) => `# ${name}: the secret variable ${variableOf(name)} of the CI\n`)
		.join('');
}
