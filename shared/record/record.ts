/**
 * The record that every commit, tag and pull request of a step carries, as git trailers
 * (git-interpret-trailers): what runs where, since when and from which commit can be read
 * from the repositories alone.
 */
export interface Record {
	/** Whole image reference. */
	image?: string;
	digest?: string;
	/** `host/owner/name@<full commit>` that the image was built from. */
	source?: string;
	environment?: string;
	/** `host/owner/name@<full commit>` of the environment that was promoted from. */
	from?: string;
	/** Whole reference of the image that was taken back, in a commit of `rollback`. */
	rolledBackFrom?: string;
	/** Link to the run of the pipeline. */
	run?: string;
}

const trailerOf = {
	image: 'Lockstep-Image',
	digest: 'Lockstep-Digest',
	source: 'Lockstep-Source',
	environment: 'Lockstep-Environment',
	from: 'Lockstep-From',
	rolledBackFrom: 'Lockstep-Rolled-Back-From',
	run: 'Lockstep-Run',
} as const satisfies { [K in keyof Record]-?: string };

const fields = Object.keys(trailerOf) as (keyof Record)[];

/** One line of text: whatever could begin another line or steer a terminal becomes a space. */
export function oneLine(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

/** The record as trailer lines, without an end of line after the last; '' for an empty record. */
export function formatTrailers(record: Record): string {
	return fields
		.flatMap((field) => {
			const value = oneLine(record[field] ?? '');
			return value === '' ? [] : [`${trailerOf[field]}: ${value}`];
		})
		.join('\n');
}

/**
 * A commit's message with the record below it. `Lockstep-` lines that the text itself holds
 * are taken out, so that nothing but the record speaks for the record.
 */
export function withTrailers(text: string, record: Record): string {
	const body = text
		.replace(/\r\n?/g, '\n')
		.split('\n')
		.filter((line) => !/^\s*Lockstep-[\w-]+\s*:/i.test(line))
		.join('\n')
		.trim();
	const trailers = formatTrailers(record);
	if (trailers === '') return `${body}\n`;
	const paragraphs = body.split(/\n{2,}/);
	// Trailers that the text ends with, such as Signed-off-by, stay in one block with ours:
	// git reads the last paragraph alone.
	const joined = paragraphs.length > 1 && isTrailerBlock(paragraphs.at(-1) ?? '');
	return `${body}${joined ? '\n' : '\n\n'}${trailers}\n`;
}

/**
 * The record in a message: that of the last block of trailers which has one, for a forge
 * that squashes a pull request may add trailers of its own in a block below. `{}` where the
 * message has none.
 */
export function parseTrailers(message: string): Record {
	const blocks = message
		.replace(/\r\n?/g, '\n')
		.trim()
		.split(/\n{2,}/)
		.filter(isTrailerBlock);
	for (const block of blocks.reverse()) {
		const record: Record = {};
		for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n')) {
			const [, key = '', value = ''] = /^([\w-]+)\s*:\s*(.*)$/.exec(line) ?? [];
			const field = fields.find((name) => trailerOf[name].toLowerCase() === key.toLowerCase());
			if (field && value.trim() !== '') record[field] = value.trim();
		}
		if (Object.keys(record).length > 0) return record;
	}
	return {};
}

function isTrailerBlock(paragraph: string): boolean {
	return (
		/^[\w-]+\s*:/.test(paragraph) &&
		paragraph.split('\n').every((line) => /^([\w-]+\s*:|[ \t])/.test(line))
	);
}
