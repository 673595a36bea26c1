import { Failure } from '../failure/failure.ts';
import { formatReference, parseReference, type Reference } from '../image/reference.ts';
import { applySplices, placesIn } from './text.ts';

/** A plain image reference in a Helm template, which is no YAML before it is rendered. */
export interface TemplateUse {
	start: number;
	end: number;
	line: number;
	reference: Reference;
}

const imageLine =
	/^[ \t]*(?:-[ \t]+)*(["']?)image\1[ \t]*:[ \t]+(["']?)([^\s"'{}#]+)\2[ \t]*(?:#.*)?\r?$/gm;

/** Whether a text that is no YAML may be a template of Go's text/template. */
export function isTemplate(text: string): boolean {
	return /^[^#\n]*\{\{/m.test(text);
}

/** Lines such as `image: nginx:1.2`, whole references without templating in them. */
export function findTemplateUses(file: string, text: string): TemplateUse[] {
	const placeAt = placesIn(file, text);
	return [...text.matchAll(imageLine)].flatMap((match) => {
		const written = match[3] ?? '';
		const reference = parseReference(written);
		if (!reference) return [];
		const start = match.index + match[0].indexOf(written, match[0].indexOf(':'));
		return [{ start, end: start + written.length, line: placeAt(start).line ?? 1, reference }];
	});
}

/**
 * Replaces references in a template. There is nothing to parse, so the proof is by bytes:
 * read again, the same lines hold the new references, all others hold what they held.
 */
export function editTemplate(
	file: string,
	text: string,
	edits: readonly { use: TemplateUse; to: Reference }[],
): string {
	const result = applySplices(
		text,
		edits.map(({ use, to }) => ({ start: use.start, end: use.end, text: formatReference(to) })),
	);
	const wanted = findTemplateUses(file, text).map(({ line, reference }) => {
		const edit = edits.find(({ use }) => use.line === line);
		return `${line} ${formatReference(edit?.to ?? reference)}`;
	});
	const found = findTemplateUses(file, result).map(
		({ line, reference }) => `${line} ${formatReference(reference)}`,
	);
	if (wanted.join('\n') !== found.join('\n')) {
		throw new Failure(
			`${file}: nothing was written, as the lines with images would not read as meant`,
			{
				place: { file },
			},
		);
	}
	return result;
}
