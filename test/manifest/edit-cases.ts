import { describe, expect, it } from 'vitest';
import { editImage, type ImageChange } from '../../shared/manifest/edit.ts';
import { bumped, file, textOf } from './files.ts';

/** A file before and after `org/api` got the tag `v2`, or what `change` says instead. */
interface EditCase {
	rule: string;
	before: string;
	after: string;
	change?: Partial<ImageChange>;
	name?: string;
}

/** A test for each line of a table. */
export function editCases(group: string, table: readonly EditCase[]): void {
	describe(group, () => {
		it.each(table)('$rule', async ({ before, after, change, name }) => {
			const given = change?.newName ? { image: 'org/api', newName: change.newName } : undefined;
			const result = given
				? textOf(await editImage(file(before, name), given))
				: await bumped(before, change, name);
			expect(result).toBe(after);
		});
	});
}
