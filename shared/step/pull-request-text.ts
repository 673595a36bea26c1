import { formatPlace } from '../failure/failure.ts';
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

/** Forges cut a body off (GitHub at 65,536 characters); the rest of it needs little. */
const longestDiff = 40_000;
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

/** The body: the input's text, what changes and where it was proved, the diff, the record. */
export function composeBody(
	template: string | undefined,
	proposed: Proposed,
	inputName: string,
): string {
	const values = Object.fromEntries(
		Object.entries(valuesOf(proposed)).map(([name, value]) => [
			name,
			value === undefined ? undefined : inertMarkdown(value),
		]),
	);
	const parts = [
		template === undefined ? undefined : fillTemplate(template, values, inputName).trim(),
		facts(proposed).join('\n'),
		`### Files\n\n${files(proposed).join('\n')}`,
		`<details><summary>Diff</summary>\n\n${codeBlock(shortened(proposed.diff), 'diff')}\n\n</details>`,
		// No real value has either; a squashed merge takes these lines as they stand.
		inertText(formatTrailers(proposed.record)).replaceAll('<', '&lt;'),
	];
	return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

function facts(proposed: Proposed): string[] {
	const { does, image, previousImage, record, provedIn, remote } = proposed;
	const reference = referenceOf(image);
	const before = referenceOf(previousImage);
	const version = (one: Reference) => code(one.tag ?? one.digest ?? '');
	const to = reference && `to ${version(reference)}`;
	const from = before && `from ${version(before)}`;
	const where = record.environment && `in ${code(record.environment)}`;
	const rows: [string, string | undefined][] = [
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

function files(proposed: Proposed): string[] {
	const changed = changedUses(proposed);
	const lines = changed
		.slice(0, listedUses)
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
	return link(label, `${scheme}://${repository}/commit/${commit}`);
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

function shortened(diff: string): string {
	if (diff.length <= longestDiff) return diff;
	return `${diff.slice(0, longestDiff)}\n... and ${diff.length - longestDiff} characters more`;
}
