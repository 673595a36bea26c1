import type { AnyStep } from '../../shared/step/declare.ts';
import { woodpeckerExample } from './examples.ts';
import { fence, inputTable, outputTable } from './markdown.ts';
import { imageOf, source, writtenFrom } from './values.ts';
import { yaml } from './yaml.ts';

/**
 * The page of a plugin that Woodpecker's index shows, with the header that it reads.
 * https://woodpecker-ci.org/docs/usage/plugins/creating-plugins#metadata
 */
export function woodpeckerPage(step: AnyStep): string {
	const { name, title, text } = step;
	const header = {
		name: `Lockstep: ${name}`,
		icon: `${source}/plugins/icon.svg`,
		description: `${title}.`,
		author: 'Lockstep',
		tags: ['deploy', 'gitops', name],
		containerImage: imageOf(step),
		containerImageUrl: 'https://github.com/lockstep-ci/lockstep/pkgs/container/lockstep',
		url: 'https://github.com/lockstep-ci/lockstep',
	};
	return `---
${yaml(header)}---

<!-- ${writtenFrom(step)} -->

${text}

${fence('yaml', woodpeckerExample(step))}

## Settings

With \`-\` or \`_\`, which mean the same. A [schema](${source}/plugins/schema/${name}.json) checks them in
an editor.

${inputTable(step)}

## Outputs

In the workspace, as \`.lockstep/${name}.json\` and, for a shell, \`.lockstep/${name}.env\`.

${outputTable(step)}
`;
}
