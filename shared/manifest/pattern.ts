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
	const text = decodeText(file);
	const matches = findVersions(file, pattern, options.name);
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
	const after = matchesOf(result, file.name, pattern, options.name);
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
 * What the group `version` of a regular expression finds in a file.
 * @param name - how the user writes the input, as `--pattern`
 * @throws Failure where it finds nothing.
 */
export function findVersions(file: ManifestFile, pattern: string, name?: string): Match[] {
	const matches = matchesOf(decodeText(file), file.name, pattern, name);
	if (matches.length > 0) return matches;
	throw new Failure(`The pattern ${pattern} finds nothing in ${file.name}`, {
		place: { file: file.name },
	});
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

function matchesOf(text: string, file: string, pattern: string, name = 'pattern'): Match[] {
	const expression = compilePattern(pattern, name);
	const find = () => [...text.matchAll(expression)];
	return matchInTime(find, `${name}: ${pattern}`, file).flatMap((match) => {
		const [start, end] = match.indices?.groups?.version ?? [];
		const version = match.groups?.version;
		return start === undefined || end === undefined || version === undefined
			? []
			: [{ start, end, version }];
	});
}
