import type { Input, Step } from './declare.ts';
import { kindOf } from './declare.ts';

/** What `--help` prints: generated from the declaration, as every other page is. */
export function helpText(step: Pick<Step, 'name' | 'title' | 'inputs' | 'outputs'>): string {
	const inputs = Object.entries(step.inputs);
	const width = Math.max(...inputs.map(([name, declared]) => usage(name, declared).length));
	const rows = (entries: [string, string][], column: number) =>
		entries.map(([left, right]) => `  ${left.padEnd(column)}  ${right}`);
	const outputs = Object.entries(step.outputs).map(([name, { text }]): [string, string] => [
		name,
		text,
	]);
	const outputWidth = Math.max(...outputs.map(([name]) => name.length));
	return [
		`${step.name}: ${step.title}`,
		'',
		`Usage: lockstep ${step.name} [--name value | --name=value ...] [--config file] [--ci name]`,
		'',
		'An input is taken from the command line, else from the variable LOCKSTEP_<INPUT> (LOCKSTEP_DRY_RUN),',
		`else from the section ${step.name} of the YAML file that --config or LOCKSTEP_CONFIG names, else it`,
		'has its default. --ci or LOCKSTEP_CI say which CI this is, where its variables do not.',
		'',
		'Inputs (the same names in settings: of Drone and Woodpecker, and in with: of GitHub):',
		...rows(
			inputs.map(([name, declared]) => [usage(name, declared), describeInput(declared)]),
			width,
		),
		'',
		'Outputs (on standard output, and in the outputs folder):',
		...rows(outputs, outputWidth),
		'',
		"Exit codes: 0 done, 1 refused or failed, 2 bad input, 3 timed out, 78 'stop here, all is well'.",
		'',
	].join('\n');
}

function usage(name: string, { schema }: Input): string {
	const kind = kindOf(schema);
	if (kind === 'boolean') return `--[no-]${name}`;
	if (kind === 'array') return `--${name} <value>...`;
	if (kind === 'record') return `--${name} <name=value>...`;
	return `--${name} <value>`;
}

/** An input's text, with its choices, and with what is taken where it is not given. */
export function describeInput(declared: Input, { withDefault = true } = {}): string {
	const initial = declared.default ?? declared.otherwise;
	const notes = [
		declared.required ? 'required' : undefined,
		withDefault && initial !== undefined ? `default: ${initial}` : undefined,
	].filter((note) => note !== undefined);
	const choices = choicesOf(declared);
	const text =
		choices === undefined ? declared.text : `${declared.text} One of ${choices.join(', ')}.`;
	return [text, ...notes.map((note) => `(${note})`)].join(' ');
}

/** The values that an input takes, where they can be counted. */
export function choicesOf({ schema }: Input): string[] | undefined {
	if (schema.def.type !== 'enum') return undefined;
	return Object.values((schema.def as unknown as { entries: Record<string, string> }).entries);
}
