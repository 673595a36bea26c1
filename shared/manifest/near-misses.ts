import { formatPlace } from '../failure/failure.ts';
import type { Source } from './document.ts';
import type { Written } from './image-uses.ts';
import { type Node, type Scalar, textAt, textOf } from './node.ts';
import { formatPath, type Path } from './path.ts';
import { placesIn } from './text.ts';

/** What a person may have meant by an image that is not found: the sentences that say so. */
export interface NearMisses {
	/** Tags by no name that is known to be an image's: which one they are of is for a chart to know. */
	readonly tags: readonly { readonly path: string; readonly text: string }[];
	/** Lines whose image is filled in by Helm, or by a shell. */
	readonly templated: readonly string[];
}

const tagKey = /^(?:tag|newTag|imageTag|[a-zA-Z0-9]+ImageTag)$/;
const imageLine =
	/^[ \t]*(?:-[ \t]+)*(["']?)\w*[iI]mage\1[ \t]*:[ \t]+(.*(?:\{\{|\$[{(]).*?)\r?$/gm;

/**
 * Looks for tags without a name and for images with variables in them.
 * @param source - the documents; undefined for a template that is no YAML
 * @param written - how the images are written that were found
 */
export function findNearMisses(
	file: string,
	text: string,
	source: Source | undefined,
	written: readonly Written[],
): NearMisses {
	const placeAt = placesIn(file, text);
	const templated = [...text.matchAll(imageLine)].map((match) => {
		const { line } = placeAt(match.index);
		return `${match[2]} at ${formatPlace({ file, ...(line !== undefined && { line }) })}`;
	});
	return { templated, tags: source === undefined ? [] : tagsWithoutName(source, written) };
}

function tagsWithoutName(source: Source, written: readonly Written[]): NearMisses['tags'] {
	const known = new Set<Scalar | undefined>(
		written.flatMap((how) => (how.form === 'keys' ? [how.tag?.node] : [])),
	);
	const found: { path: string; text: string }[] = [];
	const visit = (node: Node, path: Path): void => {
		if (node.kind === 'list')
			for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
		if (node.kind !== 'map') return;
		for (const { key, value } of node.pairs) {
			const at = [...path, key];
			if (value.kind !== 'scalar') visit(value, at);
			else if (tagKey.test(key) && !known.has(value)) {
				const place = formatPlace(source.placeAt(value.start));
				const text = textOf(value);
				const named = formatPath(source, at);
				const beside = textAt(node, 'name');
				const name = beside ? `, beside the name ${beside}` : '';
				found.push({ path: named, text: `${named} (${text || 'empty'}${name}) at ${place}` });
			}
		}
	};
	source.documents.forEach(({ root }, index) => {
		if (root) visit(root, [index]);
	});
	return found;
}
