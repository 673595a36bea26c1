/**
 * Stands for plugins/docker and its like: `node docker.ts REGISTRY` pushes an image of the
 * workspace over HTTP, by the plugin's own settings.
 */
import { pushFolder } from './push-folder.ts';

const {
	PLUGIN_REPO: repo,
	PLUGIN_TAGS: tags,
	PLUGIN_USERNAME: user,
	PLUGIN_PASSWORD: password,
} = process.env;
const [url] = process.argv.slice(2);
if (!repo || !tags || !url) throw new Error('settings.repo or settings.tags is missing');

for (const tag of tags.split(',')) {
	const image = `${repo}:${tag}`;
	console.log(`pushed ${image}@${await pushFolder(url, image, `${user}:${password}`)}`);
}
