import { stringify } from 'yaml';
import type { AnyStep, Input, Output } from '../../shared/step/declare.ts';
import { describeInput } from '../../shared/step/help.ts';

/** The metadata by which GitHub, Gitea and Forgejo run the step. */
export function actionYaml(step: AnyStep): string {
	const { name, title, branding } = step;
	const inputs = Object.entries(step.inputs as Record<string, Input>);
	const outputs = Object.entries(step.outputs as Record<string, Output>);
	const metadata = {
		name: `Lockstep: ${name}`,
		description: title,
		branding,
		inputs: Object.fromEntries(
			inputs.map(([input, declared]) => [
				input,
				{
					description: describeInput({ ...declared, required: false }, { withDefault: false }),
					...(declared.required ? { required: true } : {}),
					...(declared.default === undefined ? {} : { default: declared.default }),
				},
			]),
		),
		outputs: Object.fromEntries(
			outputs.map(([output, { text }]) => [output, { description: text }]),
		),
		runs: { using: 'node24', main: `../../dist/${name}/index.js` },
	};
	return `# Written by npm run generate from actions/${name}/step.ts.\n${stringify(metadata, { lineWidth: 0, defaultStringType: 'PLAIN', defaultKeyType: 'PLAIN' })}`;
}
