import { Ajv, type ValidateFunction } from 'ajv';
import type { RecordedRequest } from '../git/exchange.ts';

/** A part of a description. */
export type Json = Record<string, unknown>;

interface Operation {
	readonly template: string;
	readonly pattern: RegExp;
	readonly method: string;
	readonly queries: ReadonlySet<string>;
	/** Of the JSON in the request's body. */
	readonly body: ValidateFunction | undefined;
	/** Of the JSON in the answer, by status. */
	readonly answers: ReadonlyMap<string, ValidateFunction>;
}

/** Which API is described, and where in a path it begins. */
export interface Described {
	/** `GitHub`, for messages. */
	readonly title: string;
	/** A request's path as the description has it. */
	readonly pathIn: (path: string) => string;
}

/** Holds recorded requests against an OpenAPI description that a forge publishes. */
export class Description {
	readonly #described: Described;
	readonly #strict: Json;
	readonly #lenient: Json;
	readonly #operations = new Map<string, Operation | undefined>();
	readonly #validators: { strict: Ajv; lenient: Ajv };

	/**
	 * @param strict - what requests are held against
	 * @param lenient - what answers are, in which no field is required
	 */
	constructor(described: Described, strict: Json, lenient: Json) {
		this.#described = described;
		this.#strict = strict;
		this.#lenient = lenient;
		const settings = { strict: false, validateFormats: false, allErrors: true };
		this.#validators = { strict: new Ajv(settings), lenient: new Ajv(settings) };
		this.#validators.strict.addSchema({ ...strict, $id: 'strict' });
		this.#validators.lenient.addSchema({ ...lenient, $id: 'lenient' });
	}

	/**
	 * What is wrong with a request by the description: an unknown route or query parameter, a body
	 * that does not fit. One sentence each.
	 */
	requestProblems(request: RecordedRequest): string[] {
		const { title } = this.#described;
		const operation = this.#find(request);
		const name = `${request.method} ${request.path}`;
		if (operation === undefined) return [`${name}: ${title} has no such route`];
		const unknown = Object.keys(request.query)
			.filter((key) => !operation.queries.has(key))
			.map((key) => `${name}: ${title} knows no parameter ${key}`);
		const { body } = operation;
		if (body === undefined || body(request.body ?? {})) return unknown;
		return [...unknown, ...problems(name, body)];
	}

	/**
	 * What is wrong with the stand-in's answer: fields of another type than the forge's. It may leave
	 * fields out, for a client would fail on these by itself.
	 */
	answerProblems(request: RecordedRequest): string[] {
		const operation = this.#find(request);
		const validate = operation?.answers.get(String(request.status));
		const name = `${request.method} ${request.path} ${request.status}`;
		if (operation && !validate && request.status < 400)
			return [`${name}: not a status of the route`];
		if (validate === undefined || request.answer === undefined) return [];
		// As the client gets it: dates are texts, what is undefined is not there.
		return validate(JSON.parse(JSON.stringify(request.answer))) ? [] : problems(name, validate);
	}

	#find(request: RecordedRequest): Operation | undefined {
		const path = this.#described.pathIn(request.path);
		const method = request.method.toLowerCase();
		const candidates = Object.keys(this.#strict.paths as Json)
			.filter((template) => (this.#strict.paths as Record<string, Json>)[template]?.[method])
			.filter((template) => patternOf(template).test(path));
		// The most literal route is meant: `/pulls/comments/{id}` before `/pulls/{number}`.
		const [template] = candidates.sort((a, b) => placeholders(a) - placeholders(b));
		if (template === undefined) return undefined;
		const key = `${method} ${template}`;
		if (!this.#operations.has(key)) this.#operations.set(key, this.#compile(template, method));
		return this.#operations.get(key);
	}

	#compile(template: string, method: string): Operation {
		const at = ['paths', template, method];
		const parameters = this.#resolve(this.#strict, [...at, 'parameters']);
		const list = Array.isArray(parameters) ? parameters : [];
		const queries = list
			.map((parameter: Json) => this.#dereference(parameter))
			.filter((parameter) => parameter.in === 'query')
			.map((parameter) => String(parameter.name));
		const answers = new Map<string, ValidateFunction>();
		const responses = this.#resolve(this.#lenient, [...at, 'responses']) as Json;
		for (const [status, response] of Object.entries(responses)) {
			const pointer = pointerOf(response as Json) ?? [...at, 'responses', status];
			const validate = this.#validator('lenient', pointer);
			if (validate) answers.set(status, validate);
			else if (Number(status) < 300) answers.set(status, this.#validators.lenient.compile({}));
		}
		const body = this.#validator('strict', [...at, 'requestBody']);
		const pattern = patternOf(template);
		return { template, pattern, method, queries: new Set(queries), body, answers };
	}

	#validator(kind: 'strict' | 'lenient', at: readonly string[]): ValidateFunction | undefined {
		const path = [...at, 'content', 'application/json', 'schema'];
		const root = kind === 'strict' ? this.#strict : this.#lenient;
		if (this.#resolve(root, path) === undefined) return undefined;
		const pointer = path.map((key) =>
			encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')),
		);
		return this.#validators[kind].compile({ $ref: `${kind}#/${pointer.join('/')}` });
	}

	#dereference(value: Json): Json {
		const pointer = pointerOf(value);
		return pointer === undefined ? value : (this.#resolve(this.#strict, pointer) as Json);
	}

	#resolve(root: Json, path: readonly string[]): unknown {
		let value: unknown = root;
		for (const key of path) value = (value as Json | undefined)?.[key];
		return value;
	}
}

/** Without required fields several of a `oneOf` may fit. */
export function withoutRequired(value: unknown): unknown {
	if (!isObject(value)) return value;
	const { required, oneOf, ...rest } = value;
	return {
		...rest,
		...(required !== undefined && !Array.isArray(required) && { required }),
		...(oneOf !== undefined && (Array.isArray(oneOf) ? { anyOf: oneOf } : { oneOf })),
	};
}

export function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pointerOf(value: Json): string[] | undefined {
	return typeof value.$ref === 'string' ? value.$ref.split('/').slice(1) : undefined;
}

/** References, paths and ranges may have slashes in them; the record's paths are decoded. */
function patternOf(template: string): RegExp {
	const source = template.replace(/\{(\w+)\}/g, (_all, name: string) =>
		['ref', 'path', 'filepath', 'basehead', 'branch', 'head'].includes(name) ? '.+' : '[^/]+',
	);
	return new RegExp(`^${source}$`);
}

function placeholders(template: string): number {
	return template.split('{').length;
}

function problems(name: string, { errors }: ValidateFunction): string[] {
	return (errors ?? []).map(({ instancePath, message }) => `${name}: ${instancePath} ${message}`);
}
