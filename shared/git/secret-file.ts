import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes a secret to a file that only this user may read; returns its path. ssh refuses a
 * key without an end of line, or with the CR that a CI's form may put there.
 */
export async function secretFile(folder: string, name: string, text: string): Promise<string> {
	const file = join(folder, name);
	await writeFile(file, `${text.replace(/\r\n?/g, '\n').trim()}\n`, { mode: 0o600 });
	return file;
}
