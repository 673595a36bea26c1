/**
 * Stands for plugins/docker and its like: `node docker.ts REGISTRY` pushes an image of the
 * workspace over HTTP, by the plugin's own settings. Its content is the files that git knows, and
 * its labels are those of the Dockerfile.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pushImage } from '../../stand-ins/registry/push-image.ts';

const {
	PLUGIN_REPO: repo,
	PLUGIN_TAGS: tags,
	PLUGIN_USERNAME: user,
	PLUGIN_PASSWORD: password,
} = process.env;
const [url] = process.argv.slice(2);
if (!repo || !tags || !url) throw new Error('settings.repo or settings.tags is missing');

const labels = [...readFileSync('Dockerfile', 'utf8').matchAll(/^LABEL (\S+)="(.*)"$/gm)].map(
	([, name, value]) => [name, value],
);
// As `docker build` would, it takes the content and not when or by whom it was committed.
const content = execFileSync('git', ['ls-tree', '-r', 'HEAD'], { encoding: 'utf8' });
for (const tag of tags.split(',')) {
	const digest = await pushImage({ url }, `${repo}:${tag}`, {
		labels: Object.fromEntries(labels) as Record<string, string>,
		content,
		authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
	});
	console.log(`pushed ${repo}:${tag}@${digest}`);
}
