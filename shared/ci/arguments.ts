import { parseArgs } from 'node:util';
import { badInput } from '../failure/failure.ts';
import type { InputShape, RawInput } from './host.ts';
import { nearest } from './nearest.ts';

/**
 * The inputs on a command line: `--name value` or `--name=value`; for booleans `--name`,
 * `--no-name` and `--name=false` as well; lists by repeating.
 * @throws Failure (bad input) for anything else.
 */
export function readArguments(
	args: readonly string[],
	shapes: readonly InputShape[],
): Map<string, RawInput> {
	const shapeOf = new Map(shapes.map(({ name, shape }) => [name, shape]));
	const { tokens } = parseArgs({
		args: [...args],
		strict: false,
		tokens: true,
		options: Object.fromEntries(
			shapes.map(({ name, shape }) => [
				name,
				{ type: shape === 'flag' ? ('boolean' as const) : ('string' as const) },
			]),
		),
	});
	const inputs = new Map<string, RawInput>();
	for (const token of tokens) {
		if (token.kind !== 'option')
			throw badInput(
				`${token.kind === 'positional' ? `"${token.value}"` : '"--"'} stands alone on the command line; every input has a name, as in --name value`,
			);
		const { name, value } = resolve(token, shapeOf);
		const earlier = inputs.get(name);
		if (earlier === undefined) inputs.set(name, value);
		else if (shapeOf.get(name) === 'list') inputs.set(name, [earlier, value].flat());
		else throw badInput(`--${name} is given more than once; give it once`);
	}
	return inputs;
}

interface OptionToken {
	name: string;
	rawName: string;
	value?: string | undefined;
	inlineValue?: boolean | undefined;
}

function resolve(
	token: OptionToken,
	shapeOf: ReadonlyMap<string, InputShape['shape']>,
): { name: string; value: string } {
	const { name, rawName, value, inlineValue } = token;
	const shape = shapeOf.get(name);
	if (shape === 'flag') return { name, value: value ?? 'true' };
	if (shape !== undefined) {
		if (value === undefined)
			throw badInput(`${rawName} has no value; write ${rawName} value or ${rawName}=value`);
		if (inlineValue !== true && value.startsWith('--'))
			throw badInput(
				`${rawName} has no value, for ${value} looks like the next input; write ${rawName}=${value} if it is meant as the value`,
			);
		return { name, value };
	}
	const negated = rawName.startsWith('--no-') ? rawName.slice('--no-'.length) : undefined;
	if (negated !== undefined && shapeOf.get(negated) === 'flag' && value === undefined)
		return { name: negated, value: 'false' };
	const hint = rawName.startsWith('--') ? nearest(name, [...shapeOf.keys()]) : '';
	throw badInput(`${rawName} is no input of this step${hint}; --help lists them`);
}
