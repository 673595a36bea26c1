import { expect } from 'vitest';
import {
	type EditResult,
	editImage,
	type ImageChange,
	type ManifestFile,
	parseAssignment,
	setValues,
} from '../../shared/manifest/edit.ts';

export const digestA = `sha256:${'a'.repeat(64)}`;
export const digestB = `sha256:${'b'.repeat(64)}`;

export function file(text: string, name = 'app.yaml'): ManifestFile {
	return { name, bytes: new TextEncoder().encode(text) };
}

export function textOf({ bytes }: EditResult): string {
	return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** The text after `image` got the tag (v2 unless the change says otherwise). */
export async function bumped(
	text: string,
	change: Partial<ImageChange> = {},
	name?: string,
): Promise<string> {
	const version = change.digest ? {} : { tag: 'v2' };
	return textOf(await editImage(file(text, name), { image: 'org/api', ...version, ...change }));
}

/** The text after `set` lines. */
export async function set(
	text: string,
	lines: string[],
	options: { createMissing?: boolean; name?: string } = {},
): Promise<string> {
	return textOf(await setValues(file(text, options.name), lines.map(parseAssignment), options));
}

/** The message of the Failure that an edit ends with. */
export async function failure(edit: Promise<unknown>): Promise<string> {
	const thrown = await edit.then(
		() => undefined,
		(error: unknown) => error,
	);
	expect(thrown).toMatchObject({ name: 'Failure' });
	return (thrown as Error).message;
}
