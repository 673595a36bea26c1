import { badInput, formatPlace } from '../failure/failure.ts';
import { code, codeBlock, inertMarkdown, inertText, link, webAddress } from '../forge/markdown.ts';
import { type KnownSite, pagesOf } from '../forge/pages.ts';
import { formatReference, parseReference, type Reference } from '../image/reference.ts';
import type { EditedUse } from '../manifest/edit.ts';
import { formatTrailers, oneLine, type Record } from '../record/record.ts';
import { authorsOf, commitsBlock, commitsFact, countOf } from './commits-text.ts';
import type { SourceCommits } from './source-commits.ts';
import { fillTemplate, type TemplateValues } from './template.ts';
import { describeSpan, describeTime } from './time-text.ts';
import { splitSource } from './workspace-history.ts';

/** What a pull request does, in words. */
const verbs = {
	promote: { title: 'Promote', sentence: 'Promotes' },
	rollback: { title: 'Roll back', sentence: 'Rolls back' },
} as const;

/** Where an image was proved. */
export interface Proved {
	readonly environment: string | undefined;
	/** Since when it stands there. */
	readonly since?: Date | undefined;
	/** Link to the run that brought it there. */
	readonly run?: string | undefined;
}

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
	readonly proved?: Proved | undefined;
	/** When this image was asked for: what is told of time stays as it was then. */
	readonly at: Date;
	/** What of the source comes with the image. */
	readonly commits: SourceCommits | undefined;
	/** Unified diff of the commit. */
	readonly diff: string;
	/** Servers whose pages are known. */
	readonly sites: readonly KnownSite[];
}

/** What GitHub takes in a body, less a little; of other forges each says itself what it takes. */
const usualLength = 65_000;
/** Of 255 that GitLab and Gitea take, less the mark of a draft and the number beside it in a squash. */
const longestTitle = 240;
const longestDiff = 40_000;
/** A diff that is cut off earlier than this says nothing. */
const shortestDiff = 200;
/** How many are listed; where the room is short, fewer of the commits first. */
const listedUses = [50, 10, 0];
const listedCommits = [50, 20, 5, 0];

/** Stands for a value that is known to a template, and cannot be had at the moment. */
const notKnown = 'not known';

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
	return inertText(oneLine(title)).slice(0, longestTitle).toWellFormed();
}

/**
 * The body: the input's text, what changes and where it was proved, the commits of the source,
 * the diff, the record. A part that the input's text has by `{{commits}}`, `{{changes}}` or
 * `{{diff}}` is not told again. Where all of it is more than the forge takes, the diff gives
 * way first, then commits, then the list of what changes.
 * @param longest - characters that the forge takes
 * @throws Failure (bad input) where the input's text leaves no room for the record.
 */
export function composeBody(
	template: string | undefined,
	proposed: Proposed,
	inputName: string,
	longest = usualLength,
): string {
	// No real value has either; a squashed merge takes these lines as they stand.
	const record = inertText(formatTrailers(proposed.record)).replaceAll('<', '&lt;');
	const placed = placedBlocks(template ?? '');
	const compose = (uses: number, commits: number, diff: number) => {
		const blocks = {
			commits: commitsBlock(proposed.commits, commits, proposed.sites),
			changes: files(proposed, uses).join('\n'),
			diff: diff < shortestDiff ? '' : diffBlock(proposed.diff, diff),
		};
		const text =
			template === undefined
				? ''
				: fillTemplate(template, { ...markdownValues(proposed), ...blocks }, inputName, placed);
		const parts = [
			text.trim(),
			facts(proposed).join('\n'),
			placed.has('commits') || blocks.commits === '' ? '' : `### Commits\n\n${blocks.commits}`,
			placed.has('changes') ? '' : `### Files\n\n${blocks.changes}`,
			placed.has('diff') ? '' : blocks.diff,
			record,
		];
		return parts.filter((part) => part !== '').join('\n\n');
	};
	for (const uses of listedUses)
		for (const commits of listedCommits) {
			const whole = compose(uses, commits, longestDiff);
			if (whole.length <= longest) return whole;
			const room = longest - compose(uses, commits, 0).length;
			if (room >= 0) return compose(uses, commits, room - diffBlock('', 0).length - shortestDiff);
		}
	throw badInput(
		`${inputName}: the text is too long by ${compose(0, 0, 0).length - longest} characters for a pull request on this forge; shorten it`,
	);
}

/** Parts of the body that its template may place. */
export const blockNames = ['commits', 'changes', 'diff'];

/** Values of both templates that say so where they are not known. */
export const toldNames = [
	...['previous-tag', 'proved-in', 'proved-since', 'proved-for'],
	...['commit-count', 'authors', 'compare'],
];

/** The parts of the body that a template places itself. */
function placedBlocks(template: string): Set<string> {
	return new Set(
		blockNames.filter((name) => new RegExp(`\\{\\{\\s*${name}\\s*\\}\\}`).test(template)),
	);
}

function diffBlock(diff: string, longest: number): string {
	const block = codeBlock(shortened(diff, longest), 'diff');
	return `<details><summary>Diff</summary>\n\n${block}\n\n</details>`;
}

/** Whole lines, where there is more than one. */
function shortened(diff: string, longest: number): string {
	if (diff.length <= longest) return diff;
	const end = diff.lastIndexOf('\n', longest);
	const kept = diff.slice(0, end > 0 ? end : longest).toWellFormed();
	return `${kept}\n... and ${diff.length - kept.length} characters more`;
}

function facts(proposed: Proposed): string[] {
	const { does, reason, image, previousImage, record, sites, commits } = proposed;
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
		['Proved in', provedText(proposed)],
		['As of', record.from && commitLink(record.from, sites)],
		['Source', record.source && commitLink(record.source, sites)],
		['Commits', commitsFact(commits)],
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

/** `qa`, since when, for how long by the time that it was asked for, and by which run. */
function provedText({ proved, at }: Proposed): string | undefined {
	if (proved?.environment === undefined) return undefined;
	const { environment, since, run } = proved;
	const span = since && describeSpan(since, at);
	const parts = [
		code(environment),
		since && `since ${describeTime(since)}`,
		span && `for ${span} when this was asked for`,
		run && `brought there by ${link('this run', run)}`,
	];
	return parts.filter(Boolean).join(', ');
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
function commitLink(source: string, sites: readonly KnownSite[]): string {
	const parts = splitSource(source);
	if (parts === undefined) return code(source);
	const { repository, commit } = parts;
	const label = code(`${repository.replace(/^[^/]*\//, '')}@${commit.slice(0, 12)}`);
	return link(label, pagesOf(repository, sites).commit(commit));
}

/** What a template may name, as plain text; see `markdownValues`. */
function valuesOf(proposed: Proposed): TemplateValues {
	const { image, previousImage, record, proved, at, commits, sites } = proposed;
	const reference = referenceOf(image);
	const before = referenceOf(previousImage);
	const since = proved?.since;
	return {
		image,
		'previous-image': previousImage,
		name: reference?.name,
		tag: reference?.tag,
		'previous-tag': before?.tag ?? before?.digest ?? notKnown,
		digest: reference?.digest ?? record.digest,
		environment: record.environment,
		files: [...new Set(changedUses(proposed).map(({ place }) => place.file))].join(', '),
		source: record.source,
		from: record.from,
		run: record.run,
		'proved-in': proved?.environment ?? notKnown,
		'proved-since': since ? describeTime(since) : notKnown,
		'proved-for': (since && describeSpan(since, at)) ?? notKnown,
		'commit-count': countOf(commits) ?? notKnown,
		authors: authorsOf(commits) ?? notKnown,
		compare: commits?.known
			? pagesOf(commits.repository, sites).compare(commits.from, commits.to)
			: notKnown,
	};
}

/** The same made fit for Markdown. An address stays one, for a link to lead to. */
function markdownValues(proposed: Proposed): TemplateValues {
	return Object.fromEntries(
		Object.entries(valuesOf(proposed)).map(([name, value]) => [
			name,
			value === undefined ? undefined : (webAddress(value) ?? inertMarkdown(value)),
		]),
	);
}

function referenceOf(image: string | undefined): Reference | undefined {
	const reference = image === undefined ? undefined : parseReference(image);
	return reference && formatReference(reference) !== reference.name ? reference : undefined;
}
