import { badInput, formatPlace } from '../failure/failure.ts';
import { code, codeBlock, inertMarkdown, inertText, link } from '../forge/markdown.ts';
import type { Remote } from '../git/remote.ts';
import { formatReference, parseReference, type Reference } from '../image/reference.ts';
import type { EditedUse } from '../manifest/edit.ts';
import { formatTrailers, oneLine, type Record } from '../record/record.ts';
import { fillTemplate, type TemplateValues } from './template.ts';
import { splitSource } from './workspace-history.ts';

/** What a pull request does, in words. */
const verbs = {
	promote: { title: 'Promote', sentence: 'Promotes' },
	rollback: { title: 'Roll back', sentence: 'Rolls back' },
} as const;

/** What a pull request's title and body are made from. */
export interface Proposed {
	readonly does: keyof typeof verbs;
	/** Why, where somebody said so. */
	readonly reason?: string | undefined;
	readonly image: string | undefined;
	readonly previousImage: string | undefined;
	/** Every value that was meant, changed or not. */
	readonly uses: readonly EditedUse[];
	/** What the commit records. */
	readonly record: Record;
	/** Environment that the image was proved in, where it is known. */
	readonly provedIn: string | undefined;
	/** Unified diff of the commit. */
	readonly diff: string;
	/** The repository that the pull request is in. */
	readonly remote: Remote;
}

/** What GitHub takes in a body, less a little; of other forges each says itself what it takes. */
const usualLength = 65_000;
const longestDiff = 40_000;
/** A diff that is cut off earlier than this says nothing. */
const shortestDiff = 200;
const listedUses = 50;

/** The title: the input's template, or what is promoted and where. */
export function composeTitle(
	template: string | undefined,
	proposed: Proposed,
	inputName: string,
): string {
	const reference = referenceOf(proposed.image);
	const where = proposed.record.environment ? ` in ${proposed.record.environment}` : '';
	const title =
		template === undefined
			? reference
				? `${verbs[proposed.does].title} ${reference.name} to ${reference.tag ?? reference.digest}${where}`
				: `${verbs[proposed.does].title} ${[...new Set(changedUses(proposed).map(({ path }) => path))].join(', ')}${where}`
			: fillTemplate(template, valuesOf(proposed), inputName);
	return inertText(oneLine(title)).slice(0, 250);
}

/**
 * The body: the input's text, what changes and where it was proved, the diff, the record. Where
 * that is more than the forge takes, the diff gives way first, then the list of what changes.
 * @param longest - characters that the forge takes
 * @throws Failure (bad input) where the input's text leaves no room for the record.
 */
export function composeBody(
	template: string | undefined,
	proposed: Proposed,
	inputName: string,
	longest = usualLength,
): string {
	const values = Object.fromEntries(
		Object.entries(valuesOf(proposed)).map(([name, value]) => [
			name,
			value === undefined ? undefined : inertMarkdown(value),
		]),
	);
	const text = template === undefined ? '' : fillTemplate(template, values, inputName).trim();
	// No real value has either; a squashed merge takes these lines as they stand.
	const record = inertText(formatTrailers(proposed.record)).replaceAll('<', '&lt;');
	const compose = (uses: number, diff: number) => {
		const parts = [
			text,
			facts(proposed).join('\n'),
			`### Files\n\n${files(proposed, uses).join('\n')}`,
			diff < shortestDiff ? '' : diffBlock(proposed.diff, diff),
			record,
		];
		return parts.filter((part) => part !== '').join('\n\n');
	};
	for (const uses of [listedUses, 10, 0]) {
		const whole = compose(uses, longestDiff);
		if (whole.length <= longest) return whole;
		const room = longest - compose(uses, 0).length;
		if (room >= 0) return compose(uses, room - diffBlock('', 0).length - shortestDiff);
	}
	throw badInput(
		`${inputName}: the text is too long by ${compose(0, 0).length - longest} characters for a pull request on this forge; shorten it`,
	);
}

function diffBlock(diff: string, longest: number): string {
	const block = codeBlock(shortened(diff, longest), 'diff');
	return `<details><summary>Diff</summary>\n\n${block}\n\n</details>`;
}

function facts(proposed: Proposed): string[] {
	const { does, reason, image, previousImage, record, provedIn, remote } = proposed;
	const reference = referenceOf(image);
	const before = referenceOf(previousImage);
	const version = (one: Reference) => code(one.tag ?? one.digest ?? '');
	const to = reference && `to ${version(reference)}`;
	const from = before && `from ${version(before)}`;
	const where = record.environment && `in ${code(record.environment)}`;
	const rows: [string, string | undefined][] = [
		['Reason', reason && inertMarkdown(oneLine(reason))],
		['Image', image && code(image)],
		['Before', previousImage && code(previousImage)],
		['Digest', record.digest && code(record.digest)],
		['Proved in', provedIn && code(provedIn)],
		['As of', record.from && commitLink(record.from, remote)],
		['Source', record.source && commitLink(record.source, remote)],
		['Run', record.run && link('the run that opened or updated this', record.run)],
	];
	const what = reference ? code(reference.name) : 'values';
	const intro = [verbs[does].sentence, what, from, to, where].filter(Boolean).join(' ');
	return [
		`${intro}.`,
		'',
		...rows.flatMap(([name, value]) => (value ? [`- ${name}: ${value}`] : [])),
	];
}

function files(proposed: Proposed, listed: number): string[] {
	const changed = changedUses(proposed);
	const lines = changed
		.slice(0, listed)
		.map(
			({ place, path, from, to }) =>
				`- ${code(formatPlace(place))} ${code(path)}: ${code(from)} → ${code(to)}`,
		);
	const more = changed.length - lines.length;
	return more > 0 ? [...lines, `- and ${more} more`] : lines;
}

function changedUses({ uses }: Proposed): EditedUse[] {
	return uses.filter(({ from, to }) => from !== to);
}

/** The commit of `host/owner/name@<commit>`, as a link to its page. */
function commitLink(source: string, remote: Remote): string {
	const parts = splitSource(source);
	if (parts === undefined) return code(source);
	const { repository, commit } = parts;
	const [host = ''] = repository.split('/', 1);
	const scheme = host === remote.host && remote.protocol === 'http' ? 'http' : 'https';
	const label = code(`${repository.slice(host.length + 1)}@${commit.slice(0, 12)}`);
	const page = host === 'bitbucket.org' ? 'commits' : 'commit';
	return link(label, `${scheme}://${repository}/${page}/${commit}`);
}

function valuesOf({ image, previousImage, uses, record }: Proposed): TemplateValues {
	const reference = referenceOf(image);
	const changed = uses.filter(({ from, to }) => from !== to);
	return {
		image,
		'previous-image': previousImage,
		name: reference?.name,
		tag: reference?.tag,
		digest: reference?.digest ?? record.digest,
		environment: record.environment,
		files: [...new Set(changed.map(({ place }) => place.file))].join(', '),
		source: record.source,
		from: record.from,
		run: record.run,
	};
}

function referenceOf(image: string | undefined): Reference | undefined {
	const reference = image === undefined ? undefined : parseReference(image);
	return reference && formatReference(reference) !== reference.name ? reference : undefined;
}

function shortened(diff: string, longest: number): string {
	if (diff.length <= longest) return diff;
	return `${diff.slice(0, longest)}\n... and ${diff.length - longest} characters more`;
}
