import type { Place } from '../failure/failure.ts';
import { encodeText, type ManifestFile } from './text.ts';

/** A value that was meant, as it was and as it is now; they are the same where nothing had to change. */
export interface EditedUse {
	place: Place;
	/** In the notation of `set`. */
	path: string;
	/** Empty for what was not there. */
	from: string;
	to: string;
}

export interface EditResult {
	/** The file's new bytes; the very same ones where nothing changed. */
	bytes: Uint8Array;
	changed: boolean;
	uses: EditedUse[];
	/** Sentences for the log: what was dropped, kept or read differently. */
	notes: string[];
}

export function unchanged(file: ManifestFile): EditResult {
	return { bytes: file.bytes, changed: false, uses: [], notes: [] };
}

export function edited(
	file: ManifestFile,
	before: string,
	after: string,
	about: Pick<EditResult, 'uses' | 'notes'>,
): EditResult {
	const changed = before !== after;
	return { bytes: changed ? encodeText(after) : file.bytes, changed, ...about };
}
