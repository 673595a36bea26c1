import { Failure, formatPlace } from '../failure/failure.ts';
import type { Change, Expectation } from './change.ts';
import { readDocuments, type Source, splitDocuments } from './document.ts';
import { type MapNode, type Node, resolve, type Scalar } from './node.ts';
import { formatPath, type Path, pathKey } from './path.ts';
import type { Written } from './scalar.ts';
import { applySplices } from './text.ts';

/**
 * Applies a change and proves it: the result is read again and compared with the source,
 * path by path and through every alias. What differs has to be what was meant, and all
 * that was meant has to differ; otherwise nothing may be written, and the Failure names
 * the path. Bytes outside of the splices are not touched by construction.
 */
export async function applyProven(before: Source, { splices, expect }: Change): Promise<string> {
	if (splices.length === 0) return before.text;
	const text = applySplices(before.text, splices);
	const after = await readResult(before, text);
	const differences = compare(before, after);
	const expected = new Map<string, Expectation>();
	for (const expectation of expect) {
		const known = expected.get(pathKey(expectation.path));
		if (known && !(known.value?.text === expectation.value?.text))
			throw twoValues(before, expectation.path);
		expected.set(pathKey(expectation.path), expectation);
	}
	for (const { path, before: old, after: now } of differences) {
		const meant = expected.get(pathKey(path));
		if (!meant) throw wouldChange(before, path, old ?? now);
		if (!meets(now, meant.value)) throw readsAs(before, path, now, meant.value);
		expected.delete(pathKey(path));
	}
	const [left] = expected.values();
	if (left) throw stays(before, left.path);
	return text;
}

/** Reads the result; documents whose text is the same need no second reading. */
async function readResult({ file, ...before }: Source, text: string): Promise<Source> {
	const parts = splitDocuments(before.text);
	const count = splitDocuments(text).length;
	const aligned = parts.length === count && before.documents.length === count;
	const known = (part: string, index: number) =>
		aligned && parts[index]?.text === part ? before.documents[index] : undefined;
	try {
		return await readDocuments(file, text, known);
	} catch (failure) {
		if (!(failure instanceof Failure)) throw failure;
		throw new Failure(
			`${file}: nothing was written, as the result could not be read: ${failure.message}`,
			{
				place: { file },
				cause: failure,
			},
		);
	}
}

interface Difference {
	path: Path;
	/** Undefined where the path is new. */
	before: Node | undefined;
	/** Undefined where the path is gone. */
	after: Node | undefined;
}

/** Bounds what a change of an anchored value costs to follow through its aliases. */
const mostDifferences = 10_000;
const longestPath = 1000;

function tooFar(): Failure {
	return new Failure(
		`Nothing was written, as the change would reach more than ${mostDifferences} values through aliases`,
	);
}

/** The paths of scalars (and empty collections) that differ between two readings. */
export function compare(before: Source, after: Source): Difference[] {
	const comparison = new Comparison();
	const count = Math.max(before.documents.length, after.documents.length);
	for (let index = 0; index < count; index++) {
		comparison.nodes([index], before.documents[index]?.root, after.documents[index]?.root);
	}
	return comparison.differences;
}

class Comparison {
	readonly differences: Difference[] = [];
	/** Pairs of nodes known to be equal: an alias costs nothing when it is met again. */
	readonly #equal = new Map<Node, Node>();

	nodes(path: Path, before: Node | undefined, after: Node | undefined): void {
		if (path.length > longestPath) throw tooFar();
		if (!before || !after || !sameForm(before, after)) {
			this.#leaves(path, before, 'before');
			this.#leaves(path, after, 'after');
			return;
		}
		const [old, now] = [resolve(before), resolve(after)];
		if (old === now || this.#equal.get(old) === now) return;
		const already = this.differences.length;
		if (old.kind === 'map' && now.kind === 'map') this.#maps(path, old, now);
		else if (old.kind === 'list' && now.kind === 'list') {
			for (let index = 0; index < Math.max(old.items.length, now.items.length); index++) {
				this.nodes([...path, index], old.items[index], now.items[index]);
			}
		} else if (!(old.kind === 'scalar' && now.kind === 'scalar' && sameScalar(old, now))) {
			this.#add({ path, before, after });
		}
		if (this.differences.length === already) this.#equal.set(old, now);
	}

	#maps(path: Path, old: MapNode, now: MapNode): void {
		const sameKeys =
			old.pairs.length === now.pairs.length &&
			old.pairs.every(({ key }, index) => key === now.pairs[index]?.key);
		if (sameKeys) {
			for (const [index, { key, value }] of old.pairs.entries()) {
				this.nodes([...path, key], value, now.pairs[index]?.value);
			}
			return;
		}
		const [before, after] = [valuesByKey(old), valuesByKey(now)];
		const kept = [...before.keys()].filter((key) => after.has(key));
		const order = [...after.keys()].filter((key) => before.has(key));
		if (kept.some((key, index) => key !== order[index]))
			this.#add({ path, before: old, after: now });
		for (const [key, value] of before) this.nodes([...path, key], value, after.get(key));
		for (const [key, value] of after) {
			if (!before.has(key)) this.nodes([...path, key], undefined, value);
		}
	}

	#leaves(path: Path, node: Node | undefined, side: 'before' | 'after'): void {
		if (!node) return;
		const resolved = resolve(node);
		const children: [string | number, Node][] =
			resolved.kind === 'map'
				? resolved.pairs.map(({ key, value }) => [key, value])
				: resolved.kind === 'list'
					? resolved.items.map((item, index) => [index, item])
					: [];
		if (children.length > 0) {
			for (const [step, child] of children) this.#leaves([...path, step], child, side);
		} else {
			this.#add({ path, before: undefined, after: undefined, [side]: node });
		}
	}

	#add(difference: Difference): void {
		if (this.differences.length >= mostDifferences) {
			throw new Failure(
				`The change would reach more than ${mostDifferences} values through aliases`,
			);
		}
		this.differences.push(difference);
	}
}

function valuesByKey({ pairs }: MapNode): Map<string, Node> {
	return new Map(pairs.map(({ key, value }) => [key, value]));
}

/** Whether two nodes are of one kind, with the same anchor, tag and alias. */
function sameForm(before: Node, after: Node): boolean {
	if (before.kind !== after.kind || before.anchor !== after.anchor || before.tag !== after.tag)
		return false;
	if (before.kind === 'alias' && after.kind === 'alias') return before.name === after.name;
	return !('flow' in before && 'flow' in after) || before.flow === after.flow;
}

function sameScalar(before: Scalar, after: Scalar): boolean {
	return (
		before.source === after.source && before.value === after.value && before.style === after.style
	);
}

function meets(node: Node | undefined, value: Written | undefined): boolean {
	if (!node || !value) return node === undefined && value === undefined;
	const scalar = resolve(node);
	if (scalar.kind !== 'scalar') return false;
	return value.type === 'string' ? scalar.value === value.text : scalar.source === value.text;
}

function wouldChange(source: Source, path: Path, node: Node | undefined): Failure {
	const place = source.placeAt(node?.start ?? 0);
	return new Failure(
		`${formatPlace(place)}: nothing was written, as ${formatPath(source, path)} would have changed too; ` +
			'where it shares the value by an anchor, name its path as well, or give it a value of its own',
		{ place },
	);
}

function readsAs(
	source: Source,
	path: Path,
	now: Node | undefined,
	meant: Written | undefined,
): Failure {
	const resolved = now && resolve(now);
	const found =
		resolved?.kind === 'scalar' ? JSON.stringify(resolved.value) : (resolved?.kind ?? 'nothing');
	const wanted = meant ? JSON.stringify(meant.text) : 'nothing';
	return new Failure(
		`${source.file}: nothing was written, as ${formatPath(source, path)} would have read as ${found} instead of ${wanted}`,
		{ place: { file: source.file } },
	);
}

function stays(source: Source, path: Path): Failure {
	return new Failure(
		`${source.file}: nothing was written, as ${formatPath(source, path)} would have stayed as it is`,
		{
			place: { file: source.file },
		},
	);
}

function twoValues(source: Source, path: Path): Failure {
	return new Failure(`${source.file}: ${formatPath(source, path)} is given two different values`, {
		place: { file: source.file },
	});
}
