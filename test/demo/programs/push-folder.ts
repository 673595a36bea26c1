import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pushImage } from '../../stand-ins/registry/push-image.ts';

/**
 * Pushes an image of the current folder and returns its digest. Its content is the files that git
 * knows, and its labels are those of the Dockerfile.
 * @param account - `name:password`
 */
export async function pushFolder(url: string, image: string, account: string): Promise<string> {
	const dockerfile = readFileSync('Dockerfile', 'utf8');
	const labels = [...dockerfile.matchAll(/^LABEL (\S+)="(.*)"$/gm)].map(([, name, value]) => [
		name,
		value,
	]);
	return await pushImage({ url }, image, {
		labels: Object.fromEntries(labels) as Record<string, string>,
		// As `docker build` would, it takes the content and not when or by whom it was committed.
		content: execFileSync('git', ['ls-tree', '-r', 'HEAD'], { encoding: 'utf8' }),
		authorization: `Basic ${Buffer.from(account).toString('base64')}`,
	});
}
