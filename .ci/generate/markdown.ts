import type { AnyStep, Input, Output } from '../../shared/step/declare.ts';
import { describeInput } from '../../shared/step/help.ts';

/**
 * `page` with the text between `<!-- begin: name -->` and `<!-- end: name -->` replaced, for
 * each name of `sections`; in a Dockerfile the markers are `# begin: name`.
 * @throws Error where the page has no such markers
 */
export function fillSections(
	page: string,
	sections: Readonly<Record<string, string | (() => string)>>,
): string {
	return Object.entries(sections).reduce((text, [name, section]) => {
		const markers = new RegExp(
			`(^(?:<!--|#) begin: ${name}(?: -->)?\\n)[^]*?(^(?:<!--|#) end: ${name}(?: -->)?$)`,
			'm',
		);
		if (!markers.test(text)) throw new Error(`There is no section "${name}" between markers`);
		const content = typeof section === 'string' ? section : section();
		return text.replace(markers, (_, begin: string, end: string) => `${begin}${content}\n${end}`);
	}, page);
}

/** A fenced block of code. */
export function fence(language: string, code: string): string {
	return `\`\`\`${language}\n${code.trimEnd()}\n\`\`\``;
}

/** The inputs of a step as a table, those that must be given first. */
export function inputTable({ inputs }: AnyStep): string {
	const entries = Object.entries(inputs as Record<string, Input>).sort(
		([, a], [, b]) => Number(b.required) - Number(a.required),
	);
	const rows = entries.map(([name, declared]) => {
		const { required } = declared;
		const initial = required ? '**required**' : defaultOf(declared);
		const text = describeInput({ ...declared, required: false }, { withDefault: false });
		return `| \`${name}\` | ${cell(text)} | ${initial} |`;
	});
	return ['| input | what it is | default |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf({ default: initial, otherwise }: Input): string {
	if (initial !== undefined) return `\`${initial}\``;
	return cell(otherwise ?? '');
}

/** The outputs of a step as a table. */
export function outputTable({ outputs }: AnyStep): string {
	const rows = Object.entries(outputs as Record<string, Output>).map(
		([name, { text }]) => `| \`${name}\` | ${cell(text)} |`,
	);
	return ['| output | what it is |', '|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
	return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
