/**
 * Writes every page that follows from a step's declaration: `action.yml`, the tables in its
 * README, the plugin page and schema, the image's stages. `--check` only tells what is stale.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStep } from '../shared/step/declare.ts';
import { actionYaml } from './generate/action.ts';
import { cliExample, droneExample, githubExample, woodpeckerExample } from './generate/examples.ts';
import { fence, fillSections, inputTable, outputTable } from './generate/markdown.ts';
import { settingsSchema } from './generate/schema.ts';
import { settle } from './outcome.ts';
import { loadStep, root, stepNames } from './steps.ts';

const steps: AnyStep[] = await Promise.all(stepNames().map(loadStep));
const files = new Map<string, string>();

for (const step of steps) {
	const { name } = step;
	files.set(`actions/${name}/action.yml`, actionYaml(step));
	files.set(`plugins/schema/${name}.json`, settingsSchema(step));
	files.set(`plugins/docs/${name}.md`, pluginPage(step));
	const readme = `actions/${name}/README.md`;
	files.set(
		readme,
		fillSections(readIfThere(readme) ?? newReadme(), {
			about: `# ${name}\n\n${step.title}.\n\n${step.text}`,
			example: [
				fence('yaml', githubExample(step)),
				`On Drone and Woodpecker: [the plugin's page](../../plugins/docs/${name}.md). On a command line:`,
				fence('sh', cliExample(step)),
			].join('\n\n'),
			inputs: inputTable(step),
			outputs: outputTable(step),
		}),
	);
}
const table = stepTable(steps);
files.set('README.md', fillSections(readIfThere('README.md') ?? '', { steps: table }));
files.set('plugins/Dockerfile', fillSections(readIfThere('plugins/Dockerfile') ?? '', { stages }));

function stages(): string {
	return steps
		.map(
			({ name }) =>
				`FROM base AS ${name}\nENTRYPOINT ["node", "/opt/lockstep/dist/${name}/index.js"]`,
		)
		.join('\n\n');
}

const folders = ['plugins/schema', 'plugins/docs'];
const obsolete = folders
	.filter((folder) => existsSync(join(root, folder)))
	.flatMap((folder) => readdirSync(join(root, folder)).map((file) => `${folder}/${file}`))
	.filter((path) => !files.has(path));
const written = settle(files, obsolete, 'npm run generate');
if (!process.argv.includes('--check'))
	console.log(`${written.length} of ${files.size} files were stale`);

function pluginPage(step: AnyStep): string {
	const { name, title, text } = step;
	return `<!-- Written by npm run generate from actions/${name}/step.ts. -->
# ${name}

${title}.

${text}

Image: \`ghcr.io/lockstep-ci/lockstep:${name}\`. Settings may be written with \`-\` or \`_\`; the
[schema](../schema/${name}.json) checks them in an editor.

Drone:

${fence('yaml', droneExample(step))}

Woodpecker:

${fence('yaml', woodpeckerExample(step))}

## Settings

${inputTable(step)}

## Outputs

Neither Drone nor Woodpecker takes outputs from a step. They are in the workspace, as
\`.lockstep/${name}.json\` and, for a shell, \`.lockstep/${name}.env\`.

${outputTable(step)}
`;
}

function newReadme(): string {
	return '<!-- begin: about -->\n<!-- end: about -->\n\n## Example\n\n<!-- begin: example -->\n<!-- end: example -->\n\n## Inputs\n\n<!-- begin: inputs -->\n<!-- end: inputs -->\n\n## Outputs\n\n<!-- begin: outputs -->\n<!-- end: outputs -->\n';
}

function stepTable(all: readonly AnyStep[]): string {
	const rows = all.map(
		({ name, title }) =>
			`| [\`${name}\`](actions/${name}/README.md) | ${title} | [plugin](plugins/docs/${name}.md) |`,
	);
	return ['| step | what it does | Drone, Woodpecker |', '|---|---|---|', ...rows].join('\n');
}

function readIfThere(path: string): string | undefined {
	return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
