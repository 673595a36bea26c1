import { badInput, Failure, messageOf } from '../failure/failure.ts';
import { matchInTime } from './match-in-time.ts';
import { type EditResult, edited } from './result.ts';
import { applySplices, decodeText, type ManifestFile, placesIn } from './text.ts';

interface Match {
	start: number;
	end: number;
	version: string;
}

/**
 * Replaces what the group `version` of a regular expression finds: for `.tfvars`, `.env`
 * and any other text. `^` and `$` mean the ends of lines. Several matches with different
 * versions are a Failure unless `all` is given. The proof: the pattern finds the new
 * version in each of these places, and no other place.
 * @param options.name - how the user writes the input, as `--pattern`
 */
export function editPattern(
	file: ManifestFile,
	pattern: string,
	version: string,
	options: { all?: boolean; name?: string } = {},
): EditResult {
	if (/[\r\n]/.test(version)) throw badInput('A version has no line breaks');
	const expression = compilePattern(pattern);
	const text = decodeText(file);
	const expressionName = `${options.name ?? 'pattern'}: ${pattern}`;
	const find = (within: string) =>
		matchInTime(() => matchesOf(expression, within), expressionName, file.name);
	const matches = find(text);
	if (matches.length === 0) {
		throw new Failure(`The pattern ${pattern} finds nothing in ${file.name}`, {
			place: { file: file.name },
		});
	}
	const present = [...new Set(matches.map((match) => match.version))];
	if (present.length > 1 && !options.all) {
		throw new Failure(
			`The pattern ${pattern} finds different versions in ${file.name}: ${present.join(', ')}; narrow it, or give all`,
			{ place: { file: file.name } },
		);
	}
	const result = applySplices(
		text,
		matches.map(({ start, end }) => ({ start, end, text: version })),
	);
	const after = find(result);
	if (after.length !== matches.length || after.some((match) => match.version !== version)) {
		throw new Failure(
			`${file.name}: nothing was written, as the pattern ${pattern} would not find "${version}" again; make it fit the new version too`,
			{ place: { file: file.name } },
		);
	}
	const placeAt = placesIn(file.name, text);
	const uses = matches.map(({ start, version: from }) => {
		const place = placeAt(start);
		return { place, path: `line ${place.line}`, from, to: version };
	});
	return edited(file, text, result, { uses, notes: [] });
}

/**
 * @param name - how the user writes the input, as `--pattern`
 * @throws Failure (bad input) for what is no regular expression, or has no group `version`
 */
export function compilePattern(pattern: string, name = 'pattern'): RegExp {
	let expression: RegExp;
	try {
		expression = new RegExp(pattern, 'dgm');
	} catch (cause) {
		throw badInput(`${name}: ${pattern} is no regular expression: ${messageOf(cause)}`, { cause });
	}
	if (!/\(\?<version>/.test(pattern)) {
		throw badInput(`${name}: ${pattern} has no group named version; write (?<version>…) around it`);
	}
	return expression;
}

function matchesOf(expression: RegExp, text: string): Match[] {
	return [...text.matchAll(expression)].flatMap((match) => {
		const [start, end] = match.indices?.groups?.version ?? [];
		const version = match.groups?.version;
		return start === undefined || end === undefined || version === undefined
			? []
			: [{ start, end, version }];
	});
}
