import { badInput } from '../failure/failure.ts';
import { oneLine } from '../record/record.ts';

/** What `{{name}}` stands for, by name; an undefined one is known, but has no value now. */
export type TemplateValues = Readonly<Record<string, string | undefined>>;

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/;

/**
 * The values that a text was filled in with, which a template leaves open: the reverse of
 * `fillTemplate`. Undefined where the text is none that comes of the template.
 */
export function readTemplate(
	template: string,
	text: string,
	known: TemplateValues,
): TemplateValues | undefined {
	const open: string[] = [];
	const escaped = (part: string) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
	// Every second part is a name.
	const parts = template.split(placeholder).map((part, index) => {
		if (index % 2 === 0) return escaped(part);
		const value = known[part];
		if (value === undefined) open.push(part);
		return value === undefined ? '(.+)' : escaped(value);
	});
	const found = new RegExp(`^${parts.join('')}$`).exec(text);
	if (found === null) return undefined;
	return Object.fromEntries(open.map((name, index) => [name, found[index + 1]]));
}

/**
 * A text with `{{name}}` replaced by values, each as one line: what comes from outside adds
 * no line to a message.
 * @param inputName - what the text is called in messages
 * @param blocks - names of values that are made of lines, and stay so
 * @throws Failure (bad input) for a name that is not known, or has no value.
 */
export function fillTemplate(
	text: string,
	values: TemplateValues,
	inputName: string,
	blocks: ReadonlySet<string> = new Set(),
): string {
	return text.replace(new RegExp(placeholder, 'g'), (whole, name: string) => {
		if (!Object.hasOwn(values, name))
			throw badInput(
				`${inputName}: ${whole} stands for nothing; there are ${Object.keys(values).join(', ')}`,
			);
		const value = values[name];
		if (value === undefined)
			throw badInput(`${inputName}: there is no ${name} to put in place of ${whole}; give ${name}`);
		return blocks.has(name) ? value : oneLine(value);
	});
}
