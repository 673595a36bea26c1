import { runInNewContext } from 'node:vm';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import { type EditResult, edited } from './result.ts';
import { applySplices, decodeText, type ManifestFile, placesIn } from './text.ts';

/** So long a pattern may take for one file; repetitions in a repetition may take years. */
const longestMs = 5000;

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
	const find = (within: string) =>
		inTime(
			() => matchesOf(expression, within),
			() =>
				badInput(
					`${options.name ?? 'pattern'}: ${pattern} takes longer than ${longestMs / 1000} s in ${file.name}; write it without a repetition in a repetition, such as (a+)+`,
				),
		);
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

/** What `work` comes to. Only this of node's can end a regular expression that is under way. */
function inTime<T>(work: () => T, tooLong: () => Failure): T {
	try {
		return runInNewContext('work()', { work }, { timeout: longestMs }) as T;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? tooLong() : error;
	}
}
