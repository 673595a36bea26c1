import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** The values that expressions see: `github`, `secrets`, `steps`, ... */
export type Contexts = Readonly<Record<string, unknown>>;

/** How the job goes so far, for `success()` and `failure()`. */
export type JobStatus = 'success' | 'failure';

const expression = /\$\{\{((?:'(?:''|[^'])*'|[^'}]|\}(?!\}))*)\}\}/g;
const contextNames = [
	'github',
	'env',
	'job',
	'steps',
	'runner',
	'secrets',
	'vars',
	'inputs',
	'needs',
];

/** `text` with every `${{ … }}` in it filled in. */
export function fill(text: string, contexts: Contexts): string {
	return text.replace(expression, (_, inner: string) =>
		evaluate(inner, contexts, 'success').coerceString(),
	);
}

/**
 * What an `if:` comes to. One that asks for no status means `success() && …`
 * (https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions).
 */
export function holds(
	condition: string | undefined,
	contexts: Contexts,
	status: JobStatus,
): boolean {
	const inner = condition?.trim().replace(/^\$\{\{(.*)\}\}$/s, '$1') ?? 'success()';
	const asksForStatus = /\b(success|failure|always|cancelled)\s*\(/.test(inner);
	if (!asksForStatus && status === 'failure') return false;
	const value = evaluate(inner, contexts, status);
	return !['', '0', 'false'].includes(value.coerceString());
}

function evaluate(text: string, contexts: Contexts, status: JobStatus): data.ExpressionData {
	const functions = Object.entries({
		success: status === 'success',
		failure: status === 'failure',
		always: true,
		cancelled: false,
	}).map(([name, value]) => ({
		name,
		minArgs: 0,
		maxArgs: 0,
		call: () => new data.BooleanData(value),
	}));
	const { tokens } = new Lexer(text.trim()).lex();
	const parsed = new Parser(tokens, contextNames, functions).parse();
	const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
	const byName = new Map(functions.map((each) => [each.name, each]));
	return new Evaluator(parsed, values, byName).evaluate();
}
