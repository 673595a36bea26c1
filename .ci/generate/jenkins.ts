import { variableOf } from '../../shared/ci/command-inputs.ts';
import type { AnyStep } from '../../shared/step/declare.ts';
import { asText, exampleValues, imageOf, inputsOf, secretName, writtenFrom } from './values.ts';

/**
 * A step of a shared library, by the name `bumpImage`.
 * https://www.jenkins.io/doc/book/pipeline/shared-libraries/#defining-global-variables
 */
export function jenkinsVariable(step: AnyStep): string {
	const inputs = inputsOf(step);
	const secrets = inputs.filter(([, { secret }]) => secret);
	const list = (names: readonly (readonly [string, unknown])[]) =>
		names.map(([name]) => `        ${literal(name)},\n`).join('');
	return `// ${writtenFrom(step)}

/**
 * ${step.title}.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep(${literal(step.name)}, inputs, [
${list(inputs)}    ], [
${list(secrets)}    ])
}
`;
}

/** A pipeline that runs the step in its image. */
export function jenkinsExample(step: AnyStep): string {
	const variables = exampleValues(step).map(({ name, secret, value }) => {
		const credentials = secretName(name).toLowerCase().replaceAll('_', '-');
		const right = secret ? `credentials(${literal(credentials)})` : literal(String(asText(value)));
		return `        ${variableOf(name)} = ${right}\n`;
	});
	return `pipeline {
    agent {
        docker {
            image ${literal(imageOf(step))}
            args '--entrypoint='
        }
    }
    environment {
${variables.join('')}    }
    stages {
        stage(${literal(step.name)}) {
            steps {
                sh 'lockstep ${step.name}'
            }
        }
    }
}
`;
}

/** A string of Groovy's, in which nothing is filled in. */
function literal(text: string): string {
	const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');
	return `'${escaped}'`;
}
