import { Failure } from '../failure/failure.ts';
import { parseReference, type Reference } from '../image/reference.ts';
import { readDocuments, type Source } from './document.ts';
import { fluxMarkerAfter } from './flux-marker.ts';
import { isKustomizationName } from './kustomization.ts';
import {
	child,
	type ListNode,
	type MapNode,
	type Node,
	pairOf,
	resolve,
	type Scalar,
	scalarAt,
	textAt,
	textOf,
} from './node.ts';
import type { Path } from './path.ts';

/** A scalar, and the path by which it was reached. */
export interface Located {
	node: Scalar;
	path: Path;
}

/** One place where an image is used, and the scalars that say which. */
export interface ImageUse {
	path: Path;
	/** For messages: the scalar that the use is found at. */
	at: Scalar;
	/** The container's name; for Helm values and compose the key that holds the image. */
	container?: string;
	reference: Reference;
	written: Written;
	/** The block scalars around it, from the outside in, where a document is within a document. */
	within?: Embedded;
}

/** How an image is written: in one string, or in keys of their own. */
export type Written =
	| { form: 'string'; at: Located /** `api=` in Argo CD's `kustomize.images`. */; prefix: string }
	| WrittenInKeys;

export interface WrittenInKeys {
	form: 'keys';
	style: 'helm' | 'kustomize' | 'parameters';
	/** Where a missing key would be created. */
	map?: { node: MapNode; path: Path };
	registry?: Located;
	name?: Located;
	tag?: Located;
	digest?: Located;
	keys: { name: string; tag: string; digest: string };
}

/** A YAML document in a literal block scalar of another one. */
export interface Embedded {
	at: Located;
	source: Source;
}

/** What a manifest may reach through aliases; an alias bomb reaches billions. */
const mostThroughAliases = 100_000;
const longestPath = 1000;

/** Keys below which `image` is a name that somebody gave, not an image to run. */
const notBelow = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector', 'commonLabels']);
const imageKey = /^(?:image|imageName|[a-zA-Z0-9]+Image)$/;

/** All uses of images in the documents of a file, in the order of the text. */
export async function findImageUses(source: Source): Promise<ImageUse[]> {
	const finder = new UseFinder(source);
	source.documents.forEach((document, index) => {
		if (document.root) finder.visit(document.root, [index], []);
	});
	finder.addMarked();
	const embedded = await Promise.all(finder.blocks.map((at) => usesInBlock(source, at)));
	return [...finder.uses, ...embedded.flat()];
}

async function usesInBlock(source: Source, at: Located): Promise<ImageUse[]> {
	const text = String(at.node.value);
	let inner: Source;
	try {
		inner = await readDocuments(`${source.file} (the values within it)`, text);
	} catch (failure) {
		// Values with templates in them are no YAML yet, and nobody has asked for them.
		if (failure instanceof Failure) return [];
		throw failure;
	}
	const uses = await findImageUses(inner);
	return uses.map((use) => ({ ...use, within: { at, source: inner } }));
}

class UseFinder {
	readonly uses: ImageUse[] = [];
	readonly blocks: Located[] = [];
	readonly #source: Source;
	readonly #isKustomization: boolean;
	readonly #marked: { policy: string; field: string; at: Located }[] = [];
	readonly #known = new Set<Scalar>();
	#throughAliases = 0;
	#aliasDepth = 0;

	constructor(source: Source) {
		this.#source = source;
		this.#isKustomization = isKustomizationName(source.file);
	}

	/** `keys` are those that lead to the node, the nearest first; list indexes are left out. */
	visit(node: Node, path: Path, keys: readonly string[]): void {
		const isAlias = node.kind === 'alias';
		if (isAlias) this.#aliasDepth++;
		if (this.#aliasDepth > 0) this.#throughAliases++;
		this.#refuseExcess(path);
		const resolved = resolve(node);
		if (resolved.kind === 'map') this.#map(resolved, path, keys);
		else if (resolved.kind === 'list') this.#list(resolved, path, keys);
		else if (!isAlias) this.#scalar({ node: resolved, path }, keys);
		if (isAlias) this.#aliasDepth--;
	}

	#refuseExcess(path: Path): void {
		if (this.#throughAliases <= mostThroughAliases && path.length <= longestPath) return;
		throw new Failure(
			`${this.#source.file}: its aliases stand for more than ${mostThroughAliases} values; write them out`,
			{ place: { file: this.#source.file } },
		);
	}

	/** The scalar at a key of a map, or what a merge key brings there (yaml.org/type/merge.html). */
	#at(map: MapNode, path: Path, key: string, seen = new Set<Node>()): Located | undefined {
		const own = pairOf(map, key);
		const node = own && resolve(own.value);
		if (node) return node.kind === 'scalar' ? { node, path: [...path, key] } : undefined;
		const merged = child(map, '<<');
		if (merged === undefined) return undefined;
		const from = resolve(merged);
		const below = [...path, '<<'];
		const sources: [Node, Path][] =
			from.kind === 'list'
				? from.items.map((item, index) => [item, [...below, index]])
				: [[from, below]];
		for (const [source, at] of sources) {
			const there = resolve(source);
			if (there.kind !== 'map' || seen.has(there)) continue;
			seen.add(there);
			this.#throughAliases++;
			this.#refuseExcess(at);
			const found = this.#at(there, at, key, seen);
			if (found) return found;
		}
		return undefined;
	}

	#map(map: MapNode, path: Path, keys: readonly string[]): void {
		this.#strings(map, path, keys);
		this.#repositoryKeys(map, path, keys);
		const isObject = path.length === 1 && textAt(map, 'apiVersion') !== undefined;
		for (const { key, value } of map.pairs) {
			if (notBelow.has(key) || (key === 'status' && isObject)) continue;
			this.visit(value, [...path, key], [key, ...keys]);
		}
	}

	/** `image: name:tag`; and `image: name` with its tag in `tag` or `imageTag`. */
	#strings(map: MapNode, path: Path, keys: readonly string[]): void {
		for (const key of new Set([...map.pairs.map((pair) => pair.key), 'image'])) {
			// `image: {reference: …}` is the image of a volume.
			const isImage = imageKey.test(key) || (key === 'reference' && keys[0] === 'image');
			const at = isImage ? this.#at(map, path, key) : undefined;
			const reference = at && parseReference(textOf(at.node));
			if (!at || !reference) continue;
			const beside = [`${key}Tag`, key.replace(/Name$/, 'Tag'), key === 'image' ? 'tag' : ''];
			const tagKey = beside.find((name) => name !== key && this.#at(map, path, name));
			if (tagKey && !reference.tag && !reference.digest) {
				this.#addKeys(map, path, keys, { name: key, tag: tagKey, digest: 'digest' });
			} else if (isOwn(at, path)) {
				const container = textAt(map, 'name') ?? keys[0];
				this.#add(
					{ path: at.path, at: at.node, reference, written: { form: 'string', at, prefix: '' } },
					container,
				);
			}
		}
	}

	/** `repository` (or `name`) with `tag`, `digest` and `registry`, as Helm charts have it. */
	#repositoryKeys(map: MapNode, path: Path, keys: readonly string[]): void {
		const underImage = imageKey.test(keys[0] ?? '');
		const hasVersion = this.#at(map, path, 'tag') ?? this.#at(map, path, 'digest');
		if (this.#at(map, path, 'repository') && (hasVersion || underImage)) {
			this.#addKeys(map, path, keys, { name: 'repository', tag: 'tag', digest: 'digest' });
		} else if (scalarAt(map, 'name') && (underImage || (hasVersion && keys[1] === 'images'))) {
			this.#addKeys(map, path, keys, { name: 'name', tag: 'tag', digest: 'digest' });
		}
	}

	#addKeys(map: MapNode, path: Path, keys: readonly string[], names: WrittenInKeys['keys']): void {
		const at = (key: string) => this.#at(map, path, key);
		const parts = {
			registry: at('registry'),
			name: at(names.name),
			tag: at(names.tag),
			digest: at(names.digest),
		};
		// What a merge key brings as a whole is found where it leads to.
		if (!Object.values(parts).some((part) => part && isOwn(part, path))) return;
		const container = names.name === 'image' ? textAt(map, 'name') : undefined;
		this.#addWritten(
			{ style: 'helm', map: { node: map, path }, keys: names },
			parts,
			container ?? keys.find((key) => !imageKey.test(key)),
		);
	}

	#addWritten(
		how: Pick<WrittenInKeys, 'style' | 'map' | 'keys'>,
		parts: { [part in 'registry' | 'name' | 'tag' | 'digest']?: Located | undefined },
		container: string | undefined,
	): void {
		const text = (part: Located | undefined) => (part ? textOf(part.node) : '');
		const registry = text(parts.registry);
		const named = parseReference(
			(registry && `${registry.replace(/\/$/, '')}/`) + text(parts.name),
		);
		if (!named || !parts.name) return;
		if ((named.tag || named.digest) && !text(parts.tag) && !text(parts.digest)) {
			const written: Written = { form: 'string', at: parts.name, prefix: '' };
			const { path, node } = parts.name;
			if (!registry) this.#add({ path, at: node, reference: named, written }, container);
			return;
		}
		// Some write the digest into the tag's key: `tag: 1.2@sha256:…`.
		const [tag, inTag] = text(parts.tag).split('@');
		const digest = text(parts.digest) || inTag;
		const reference = { name: named.name, ...(tag && { tag }), ...(digest && { digest }) };
		const written: WrittenInKeys = { form: 'keys', ...how };
		for (const part of ['registry', 'name', 'tag', 'digest'] as const) {
			const located = parts[part];
			// The name may have come from a whole reference, which is a use of its own.
			if (located && !(part === 'name' && named.tag)) {
				written[part] = located;
				this.#known.add(located.node);
			}
		}
		const at = parts.tag ?? parts.digest ?? parts.name;
		this.#add({ path: at.path, at: at.node, reference, written }, container);
	}

	#list(list: ListNode, path: Path, keys: readonly string[]): void {
		const [key, above] = keys;
		if (key === 'parameters' && above === 'helm') this.#helmParameters(list, path);
		list.items.forEach((item, index) => {
			const itemPath = [...path, index];
			if (key === 'images') this.#kustomizeImage(item, itemPath, above);
			this.visit(item, itemPath, keys);
		});
	}

	/** An entry of `images:`: it is meant by its newName where it has one, else by its name. */
	#kustomizeImage(item: Node, path: Path, above: string | undefined): void {
		const entry = resolve(item);
		if (entry.kind === 'scalar' && above === 'kustomize') {
			const [, prefix = '', text = ''] = /^([^=]*=)?(.*)$/.exec(textOf(entry)) ?? [];
			const reference = parseReference(text);
			const written: Written = { form: 'string', at: { node: entry, path }, prefix };
			if (reference) this.#add({ path, at: entry, reference, written }, reference.name);
		}
		if (entry.kind !== 'map' || !scalarAt(entry, 'name')) return;
		const known = ['newName', 'newTag', 'digest'].some((key) => scalarAt(entry, key));
		if (!known && !this.#inKustomization(path)) return;
		const at = (key: string): Located | undefined => {
			const node = scalarAt(entry, key);
			return node && { node, path: [...path, key] };
		};
		const named = textAt(entry, 'newName') ? 'newName' : 'name';
		this.#addWritten(
			{
				style: 'kustomize',
				map: { node: entry, path },
				keys: { name: named, tag: 'newTag', digest: 'digest' },
			},
			{ name: at(named), tag: at('newTag'), digest: at('digest') },
			textAt(entry, 'name'),
		);
	}

	#inKustomization(path: Path): boolean {
		const root = this.#source.documents[Number(path[0])]?.root;
		return this.#isKustomization || /^kustomize\./.test(textAt(root, 'apiVersion') ?? '');
	}

	/** Argo CD's `helm.parameters`: names such as `web.image.tag`, grouped by what is before the last dot. */
	#helmParameters(list: ListNode, path: Path): void {
		const groups = new Map<string, { [key: string]: Located }>();
		list.items.forEach((item, index) => {
			const [name, node] = [textAt(item, 'name') ?? '', scalarAt(item, 'value')];
			if (!node) return;
			const dot = name.lastIndexOf('.');
			const [prefix, key] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
			const at = { node, path: [...path, index, 'value'] };
			groups.set(prefix, { ...groups.get(prefix), [key]: at });
			const reference = imageKey.test(key) ? parseReference(textOf(node)) : undefined;
			if (!reference) return;
			const written: Written = { form: 'string', at, prefix: '' };
			this.#add({ path: at.path, at: node, reference, written }, prefix || undefined);
		});
		for (const [prefix, { registry, repository, tag, digest }] of groups) {
			if (!repository) continue;
			const keys = { name: 'repository', tag: 'tag', digest: 'digest' };
			this.#addWritten(
				{ style: 'parameters', keys },
				{ registry, name: repository, tag, digest },
				prefix,
			);
		}
	}

	#scalar(at: Located, [key, above]: readonly string[]): void {
		if (key === 'values' && above === 'helm' && at.node.style === 'literal') this.blocks.push(at);
		const marker = fluxMarkerAfter(this.#source.text, at.node.end);
		if (marker) this.#marked.push({ ...marker, at });
	}

	/** Scalars that only Flux's `# {"$imagepolicy": "ns:name:tag"}` tells to be (parts of) images. */
	addMarked(): void {
		for (const policy of new Set(this.#marked.map((mark) => mark.policy))) {
			const marks = this.#marked.filter((mark) => mark.policy === policy);
			for (const { field, at } of marks) {
				const reference = field === '' ? parseReference(textOf(at.node)) : undefined;
				if (!reference || this.#known.has(at.node)) continue;
				const written: Written = { form: 'string', at, prefix: '' };
				this.#add({ path: at.path, at: at.node, reference, written }, policy);
			}
			const name = (
				marks.find(({ field }) => field === 'name') ?? marks.find(({ field }) => !field)
			)?.at;
			for (const part of ['tag', 'digest'] as const) {
				const loose = marks.filter(({ field, at }) => field === part && !this.#known.has(at.node));
				for (const { at } of loose) {
					const keys = { name: 'name', tag: 'tag', digest: 'digest' };
					this.#addWritten({ style: 'parameters', keys }, { name, [part]: at }, policy);
				}
			}
		}
	}

	#add(use: Omit<ImageUse, 'container'>, container: string | undefined): void {
		if (use.written.form === 'string') this.#known.add(use.written.at.node);
		this.uses.push({ ...use, ...(container && { container }) });
	}
}

/** Whether a value stands in the map at a path itself, and not in one that is merged into it. */
function isOwn(at: Located, path: Path): boolean {
	return at.path.length === path.length + 1;
}

/** Whether a document could hold a use at all; told without parsing, which costs most of an edit. */
export function mayUse(text: string, repository: string): boolean {
	return text.includes(repository.slice(repository.lastIndexOf('/') + 1));
}
