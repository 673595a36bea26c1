import { badInput, Failure, formatPlace } from '../failure/failure.ts';
import {
	formatReference,
	isDigest,
	isRepository,
	isTag,
	type Reference,
	splitRepository,
} from '../image/reference.ts';
import {
	type Change,
	insertPair,
	joinChanges,
	removePair,
	renamePair,
	setScalar,
} from './change.ts';
import type { Source } from './document.ts';
import type { ImageUse, Located, WrittenInKeys } from './image-uses.ts';
import { pairOf } from './node.ts';
import type { Written } from './scalar.ts';

/** Which image, and what becomes of it. At least one of tag, digest and newName is given. */
export interface ImageChange {
	/** The repository without tag, by any of its names: `nginx` is `docker.io/library/nginx`. */
	image: string;
	tag?: string;
	digest?: string;
	/** Another repository in its place. */
	newName?: string;
	/** Only the uses by this container (or key of Helm values, or compose service). */
	container?: string;
	/** Every use, whatever its present tag. */
	all?: boolean;
	/** Create keys that are missing, such as a `digest` beside a `tag`. */
	createMissing?: boolean;
}

/**
 * Refuses what is no image, tag or digest before any file is looked at.
 * @param nameOf - how the user writes the part that is wrong, as `--tag`
 */
export function checkImageChange(
	{ image, tag, digest, newName }: ImageChange,
	nameOf: (part: 'image' | 'tag' | 'digest') => string = (part) => part,
): void {
	const bad = (part: 'image' | 'tag' | 'digest', what: string, text: string, hint: string) =>
		badInput(`${nameOf(part)}: ${JSON.stringify(text)} is not ${what}; ${hint}`);
	if (!isRepository(image))
		throw bad(
			'image',
			'an image name',
			image,
			'give it as registry/path without tag, in lower case',
		);
	if (tag !== undefined && !isTag(tag)) {
		throw bad(
			'tag',
			'a tag',
			tag,
			'a tag has up to 128 letters, digits, "_", "." and "-", and begins with none of the last two',
		);
	}
	if (digest !== undefined && !isDigest(digest))
		throw bad('digest', 'a digest', digest, 'give it as sha256: and 64 hex digits');
	if (newName !== undefined && !isRepository(newName))
		throw bad('image', 'an image name', newName, 'give it without tag');
	if (tag === undefined && digest === undefined && newName === undefined) {
		throw badInput(`No tag and no digest is given for ${image}`);
	}
}

/** What is to be written for one use, and what the use says then. */
export interface PlannedUse {
	change: Change;
	to: Reference;
	notes: string[];
}

/** What a reference becomes where it is written in one string. */
export function changedReference(from: Reference, change: ImageChange): PlannedUse {
	// A new name alone leaves the version.
	const keepsVersion = change.tag === undefined && change.digest === undefined;
	const { tag, digest } = keepsVersion ? from : change;
	const to = { name: change.newName ?? from.name, ...(tag && { tag }), ...(digest && { digest }) };
	return { change: joinChanges([]), to, notes: droppedNotes(from, to) };
}

/** Turns the change of one use into splices. */
export function planUse(source: Source, use: ImageUse, change: ImageChange): PlannedUse {
	const { to, notes } = changedReference(use.reference, change);
	if (use.written.form === 'keys') return planKeys(source, use, use.written, change, to);
	const { at, prefix } = use.written;
	return {
		change: setScalar(source, at.node, at.path, text(prefix + formatReference(to))),
		to,
		notes,
	};
}

function droppedNotes(from: Reference, to: Reference): string[] {
	if (from.digest && !to.digest) {
		return [
			`${formatReference(from)} was pinned by a digest; the digest is dropped, as none is given with tag ${to.tag}`,
		];
	}
	if (from.tag && !to.tag)
		return [`Tag ${from.tag} of ${formatReference(from)} is dropped, as only a digest is given`];
	return [];
}

function planKeys(
	source: Source,
	use: ImageUse,
	written: WrittenInKeys,
	change: ImageChange,
	to: Reference,
): PlannedUse {
	const named =
		change.newName === undefined ? [] : planName(source, use, written, change.newName, change);
	const version =
		written.style === 'kustomize'
			? planKustomize(source, written, to)
			: planHelm(source, use, written, change, to);
	return {
		change: joinChanges([...named, version.change]),
		to: version.to ?? to,
		notes: version.notes ?? droppedNotes(use.reference, to),
	};
}

interface PlannedVersion {
	change: Change;
	to?: Reference;
	notes?: string[];
}

/** kustomize reads newTag and digest, so either may take the other's place. */
function planKustomize(source: Source, written: WrittenInKeys, to: Reference): PlannedVersion {
	const changes: Change[] = [];
	const { map, tag, digest } = written;
	const wanted = [
		{ key: 'newTag', now: tag, value: to.tag },
		{ key: 'digest', now: digest, value: to.digest },
	];
	const surplus = wanted.find(({ now, value }) => now && !value);
	const missing = wanted.find(({ now, value }) => !now && value);
	for (const { now, value } of wanted) {
		if (now && value) changes.push(setScalar(source, now.node, now.path, text(value)));
	}
	const old = surplus && pairOf(map?.node, surplus.key);
	if (surplus?.now && old && map) {
		if (missing?.value)
			changes.push(renamePair(source, old, surplus.now.path, missing.key, text(missing.value)));
		else changes.push(removePair(source, map.node, old, surplus.now.path));
	} else if (missing?.value && map) {
		changes.push(insertPair(source, map.node, map.path, missing.key, text(missing.value)));
	}
	return { change: joinChanges(changes) };
}

/** A chart knows the keys that are there; others are created only when asked. */
function planHelm(
	source: Source,
	use: ImageUse,
	written: WrittenInKeys,
	change: ImageChange,
	to: Reference,
): PlannedVersion {
	const { tag, digest } = written;
	const inTag = tag && String(tag.node.value).includes('@');
	if (inTag && !digest) {
		if (!to.tag) throw missingKey(source, use, 'digest', change);
		const combined = to.digest ? `${to.tag}@${to.digest}` : to.tag;
		return { change: setScalar(source, tag.node, tag.path, text(combined)) };
	}
	const changes: Change[] = [];
	const put = (key: 'tag' | 'digest', now: Located | undefined, value: string | undefined) => {
		if (now) return setScalar(source, now.node, now.path, text(value ?? ''));
		if (!value) return { splices: [], expect: [] };
		if (!change.createMissing || !written.map)
			throw missingKey(source, use, written.keys[key], change);
		return insertPair(source, written.map.node, written.map.path, written.keys[key], text(value));
	};
	changes.push(put('digest', digest, to.digest));
	if (to.tag || !tag) {
		changes.push(put('tag', tag, to.tag));
		return { change: joinChanges(changes) };
	}
	// An emptied tag makes many charts fall back to their own version; a digest wins over a tag.
	const kept = use.reference.tag;
	const notes = kept
		? [
				`${formatReference(to)}: the key ${written.keys.tag} keeps ${kept}, as only a digest is given`,
			]
		: [];
	return { change: joinChanges(changes), to: { ...to, ...(kept && { tag: kept }) }, notes };
}

function planName(
	source: Source,
	use: ImageUse,
	{ style, registry, name, map, keys }: WrittenInKeys,
	newName: string,
	change: ImageChange,
): Change[] {
	if (style === 'kustomize' && keys.name === 'name') {
		if (!map) throw missingKey(source, use, 'newName', change);
		return [insertPair(source, map.node, map.path, 'newName', text(newName))];
	}
	if (!name) throw missingKey(source, use, keys.name, change);
	if (!registry) return [setScalar(source, name.node, name.path, text(newName))];
	const { domain, path } = splitRepository(newName);
	return [
		setScalar(source, registry.node, registry.path, text(domain)),
		setScalar(source, name.node, name.path, text(path)),
	];
}

function missingKey(
	source: Source,
	use: ImageUse,
	key: string,
	{ createMissing }: ImageChange,
): Failure {
	const place = source.placeAt(use.at.start);
	const hint = createMissing
		? 'add it by hand once'
		: 'give create-missing to have it added, or add it by hand';
	return new Failure(
		`${formatPlace(place)}: ${formatReference(use.reference)} has no key "${key}"; ${hint}`,
		{ place },
	);
}

function text(value: string): Written {
	return { text: value, type: 'string' };
}
