import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** The steps by name: each has a page. */
export const stepNames = readdirSync(join(root, 'plugins/docs')).map((file) =>
	file.replace(/\.md$/, ''),
);

/** The example that a step's page has below the heading of a CI: the code of the first block. */
export function exampleOf(step: string, heading: string): string {
	const page = readFileSync(join(root, 'plugins/docs', `${step}.md`), 'utf8');
	const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
	const code = /^```\w+\n([\s\S]*?)\n```$/m.exec(section)?.[1];
	if (code === undefined) throw new Error(`The page of ${step} has no example for ${heading}`);
	return `${code}\n`;
}
