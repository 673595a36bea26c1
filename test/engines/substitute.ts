/**
 * `text` with `${VAR}` filled in before it is parsed, as Drone and Woodpecker do it (both by
 * drone/envsubst): `${VAR:0:7}` a part; `${VAR/a/b}` the first, `${VAR//a/b}` every `a` replaced;
 * `${VAR#a}`, `${VAR%a}` without a beginning or an end; `${VAR,,}`, `${VAR^^}` in small or capital
 * letters; `${VAR:-a}` a default. `$${VAR}` stays as `${VAR}`. An unknown variable is empty.
 */
export function substitute(text: string, variables: Readonly<Record<string, string>>): string {
	return text.replace(
		/\$?\$\{(\w+)((?:\\.|[^}\\])*)\}/g,
		(whole, name: string, operation: string) =>
			whole.startsWith('$$') ? whole.slice(1) : apply(operation, variables[name] ?? '', whole),
	);
}

function apply(operation: string, value: string, whole: string): string {
	if (operation === '') return value;
	const part = /^:(\d+)(?::(\d+))?$/.exec(operation);
	if (part) {
		const start = Number(part[1]);
		return value.slice(start, part[2] === undefined ? undefined : start + Number(part[2]));
	}
	const replacement = /^\/(\/?)((?:\\.|[^/\\])+)\/((?:\\.|[^\\])*)$/.exec(operation);
	if (replacement) {
		const [, all, from = '', to = ''] = replacement;
		return all === ''
			? value.replace(plain(from), () => plain(to))
			: value.replaceAll(plain(from), () => plain(to));
	}
	const ending = /^(#|%)((?:\\.|[^\\#%])+)$/.exec(operation);
	if (ending) return without(value, ending[1] as '#' | '%', plain(ending[2] ?? ''));
	const fallback = /^:?[-=](.*)$/s.exec(operation);
	if (fallback) return value === '' ? (fallback[1] ?? '') : value;
	if (operation === ',,') return value.toLowerCase();
	if (operation === '^^') return value.toUpperCase();
	throw new Error(`${whole} is a substitution that is not known here`);
}

function without(value: string, side: '#' | '%', part: string): string {
	if (side === '#') return value.startsWith(part) ? value.slice(part.length) : value;
	return value.endsWith(part) ? value.slice(0, value.length - part.length) : value;
}

/** `\/` -> `/` */
function plain(escaped: string): string {
	return escaped.replace(/\\(.)/g, '$1');
}
