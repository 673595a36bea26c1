/** Text that is HTML already. */
export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

type Value = string | number | Html | readonly Html[] | undefined;

/** A template whose values are escaped, unless they are HTML themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
	return new Html(
		parts.map((part, index) => (index === 0 ? '' : textOf(values[index - 1])) + part).join(''),
	);
}

function textOf(value: Value): string {
	if (value === undefined) return '';
	if (value instanceof Html) return value.text;
	if (Array.isArray(value)) return value.map((one: Html) => one.text).join('');
	return String(value).replace(
		/[&<>"']/g,
		(sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign] ?? '',
	);
}
