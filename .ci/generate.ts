/**
 * Writes every page that follows from a step's declaration: `action.yml`, the tables in its
 * README, the plugin page and schema, the image's stages. `--check` only tells what is stale.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnyStep, camelCase } from '../shared/step/declare.ts';
import { actionYaml } from './generate/action.ts';
import { azureExtension, azureTask, azureTemplate } from './generate/azure.ts';
import { bitbucketPipe, bitbucketReadme } from './generate/bitbucket.ts';
import { circleciOrb } from './generate/circleci.ts';
import { cliExample, githubExample } from './generate/examples.ts';
import { gitlabTemplate } from './generate/gitlab.ts';
import { jenkinsVariable } from './generate/jenkins.ts';
import { fence, fillSections, inputTable, outputTable } from './generate/markdown.ts';
import { pluginPage } from './generate/page.ts';
import { settingsSchema } from './generate/schema.ts';
import { tektonTask } from './generate/tekton.ts';
import { npx } from './generate/values.ts';
import { woodpeckerPage } from './generate/woodpecker.ts';
import { fromRoot, settle } from './outcome.ts';
import { loadStep, root, stepNames } from './steps.ts';

const steps: AnyStep[] = await Promise.all(stepNames().map(loadStep));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	version: string;
};
const files = new Map<string, string>();

for (const step of steps) {
	const { name } = step;
	files.set(`actions/${name}/action.yml`, actionYaml(step));
	files.set(`plugins/schema/${name}.json`, settingsSchema(step));
	files.set(`plugins/docs/${name}.md`, pluginPage(step));
	files.set(`plugins/woodpecker/plugins/${name}/docs.md`, woodpeckerPage(step));
	files.set(`plugins/gitlab/templates/${name}.yml`, gitlabTemplate(step));
	files.set(`plugins/azure/templates/${name}.yml`, azureTemplate(step, version));
	files.set(`plugins/azure/tasks/${name}/task.json`, azureTask(step, version));
	files.set(`plugins/jenkins/vars/${camelCase(name)}.groovy`, jenkinsVariable(step));
	files.set(`plugins/bitbucket/${name}/pipe.yml`, bitbucketPipe(step));
	files.set(`plugins/bitbucket/${name}/README.md`, bitbucketReadme(step));
	files.set(`plugins/tekton/${name}.yaml`, tektonTask(step));
	const readme = `actions/${name}/README.md`;
	files.set(
		readme,
		fillSections(readIfThere(readme) ?? newReadme(), {
			about: `# ${name}\n\n${step.title}.\n\n${step.text}`,
			example: [
				fence('yaml', githubExample(step)),
				`On any other CI: [the plugin's page](../../plugins/docs/${name}.md). On a command line:`,
				fence('sh', cliExample(step)),
			].join('\n\n'),
			inputs: inputTable(step),
			outputs: outputTable(step),
		}),
	);
}
files.set('plugins/azure/vss-extension.json', azureExtension(steps, version));
const library = 'plugins/jenkins/vars/lockstep.groovy';
files.set(library, (readIfThere(library) ?? '').replace(/npx --yes lockstep\S*/, npx(version)));
files.set('plugins/circleci/orb.yml', circleciOrb(steps, version));
const table = stepTable(steps);
files.set('README.md', fillSections(readIfThere('README.md') ?? '', { steps: table }));
files.set('plugins/Dockerfile', fillSections(readIfThere('plugins/Dockerfile') ?? '', { stages }));

function stages(): string {
	return steps
		.map(({ name, title }) =>
			[
				`FROM base AS ${name}`,
				`LABEL org.opencontainers.image.title="lockstep ${name}" \\`,
				`      org.opencontainers.image.description=${JSON.stringify(title)}`,
				`ENTRYPOINT ["node", "/opt/lockstep/dist/${name}/index.js"]`,
			].join('\n'),
		)
		.join('\n\n');
}

/** Folders that hold nothing but what is written here. */
const folders = [
	'plugins/schema',
	'plugins/docs',
	'plugins/woodpecker/plugins',
	'plugins/gitlab/templates',
	'plugins/azure/templates',
	'plugins/azure/tasks',
	'plugins/bitbucket',
	'plugins/tekton',
];
const obsolete = folders
	.filter((folder) => existsSync(join(root, folder)))
	.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
			entry.isFile(),
		),
	)
	.map((entry) => fromRoot(join(entry.parentPath, entry.name)))
	.filter((path) => !files.has(path));
const written = settle(files, obsolete, 'npm run generate');
if (!process.argv.includes('--check'))
	console.log(`${written.length} of ${files.size} files were stale`);

function newReadme(): string {
	return '<!-- begin: about -->\n<!-- end: about -->\n\n## Example\n\n<!-- begin: example -->\n<!-- end: example -->\n\n## Inputs\n\n<!-- begin: inputs -->\n<!-- end: inputs -->\n\n## Outputs\n\n<!-- begin: outputs -->\n<!-- end: outputs -->\n';
}

function stepTable(all: readonly AnyStep[]): string {
	const rows = all.map(
		({ name, title }) =>
			`| [\`${name}\`](actions/${name}/README.md) | ${title} | [CIs](plugins/docs/${name}.md) |`,
	);
	return ['| step | what it does | on each CI |', '|---|---|---|', ...rows].join('\n');
}

function readIfThere(path: string): string | undefined {
	return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
