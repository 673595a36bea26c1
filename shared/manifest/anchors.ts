import type { Change } from './change.ts';
import type { Source } from './document.ts';
import type { ImageUse } from './image-uses.ts';
import { type Node, resolve, type Scalar } from './node.ts';
import { type Path, pathKey } from './path.ts';

/**
 * Where a changed value stands under an anchor, its own or that of a map around it, the place
 * of the anchor itself changes with its aliases. That is meant as long as no other image is
 * written there, as in `x-tag: &tag v1`. All other places have to be uses of the image: the proof sees to it.
 */
export function coveringAnchors(source: Source, uses: readonly ImageUse[], change: Change): Change {
	const imagePaths = new Set(uses.flatMap((use) => scalarPaths(use).map(pathKey)));
	const expected = new Map(
		change.expect.map((expectation) => [pathKey(expectation.path), expectation]),
	);
	const anchored = new Map<Scalar, Path>();
	source.documents.forEach(({ root }, index) => {
		if (root) collectAnchored(root, [index], anchored);
	});
	if (anchored.size === 0) return change;
	const added = change.expect.flatMap(({ path, value }) => {
		const node = nodeAt(source, path);
		const home = node?.kind === 'scalar' ? anchored.get(node) : undefined;
		if (!home || expected.has(pathKey(home)) || imagePaths.has(pathKey(home))) return [];
		return [{ path: home, value }];
	});
	return { ...change, expect: [...change.expect, ...added] };
}

function scalarPaths({ written }: ImageUse): Path[] {
	if (written.form === 'string') return [written.at.path];
	return [written.registry, written.name, written.tag, written.digest].flatMap((part) =>
		part ? [part.path] : [],
	);
}

function collectAnchored(
	node: Node,
	path: Path,
	found: Map<Scalar, Path>,
	withinAnchor = false,
): void {
	const anchored = withinAnchor || (node.kind !== 'alias' && node.anchor !== undefined);
	if (node.kind === 'scalar' && anchored) found.set(node, path);
	const children: readonly [string | number, Node][] =
		node.kind === 'map'
			? node.pairs.map(({ key, value }) => [key, value])
			: node.kind === 'list'
				? node.items.map((item, index) => [index, item])
				: [];
	for (const [step, child] of children) collectAnchored(child, [...path, step], found, anchored);
}

function nodeAt({ documents }: Source, [index, ...steps]: Path): Node | undefined {
	let node = documents[Number(index)]?.root;
	for (const step of steps) {
		const parent = node && resolve(node);
		if (parent?.kind === 'list') node = parent.items[Number(step)];
		else
			node =
				parent?.kind === 'map' ? parent.pairs.find(({ key }) => key === step)?.value : undefined;
	}
	return node && resolve(node);
}
