import type { Exchange } from '../git/exchange.ts';
import { type Answer, ApiCall, Router } from './api.ts';
import type { ForgeFront } from './forge.ts';
import type { ForgeModel } from './model.ts';
import { type Reason, Refusal } from './refusal.ts';

/** Names of the parameters that a route's documentation has. */
export interface Documented {
	readonly query?: readonly string[];
	readonly body?: readonly string[];
}

/** What is peculiar to one forge's API. */
export interface Dialect {
	readonly kind: string;
	/** Schemes of the Authorization header that the forge takes. */
	readonly schemes: readonly string[];
	/** Its statuses, and its words where a client may read them. */
	readonly answers: Readonly<Record<Reason, { status: number; message?: string }>>;
	/** The body of a refusal. */
	readonly refusal: (status: number, message: string, reason: Reason | undefined) => unknown;
	/** One page of a whole list. */
	readonly page: (items: readonly unknown[], exchange: Exchange) => Answer;
	/** What the forge wants of every request beside a token; a sentence where it is missing. */
	readonly complaint?: (exchange: Exchange) => string | undefined;
}

/**
 * A forge's API by its documentation: a route refuses, unlike the forge itself, every parameter
 * that the documentation does not have, so that a test sees one that was made up.
 */
export class DocumentedApi implements ForgeFront {
	readonly kind: string;
	readonly #model: ForgeModel;
	readonly #dialect: Dialect;
	readonly #router = new Router();

	constructor(model: ForgeModel, dialect: Dialect) {
		this.kind = dialect.kind;
		this.#model = model;
		this.#dialect = dialect;
	}

	on(
		method: string,
		path: string,
		{ query = [], body = [] }: Documented,
		handler: (call: ApiCall) => Answer | Promise<Answer>,
	): this {
		this.#router.on(method, path, (call) => {
			const made = [
				...Object.keys(call.query).filter((name) => !query.includes(name)),
				...Object.keys(call.body).filter((name) => !body.includes(name)),
			];
			if (made.length > 0)
				throw new Refusal('invalid', `${method} ${path} has no ${made.join(', ')}`);
			return handler(call);
		});
		return this;
	}

	async handle(exchange: Exchange): Promise<void> {
		const answer = await this.#answer(exchange);
		const { page } = this.#dialect;
		const shown = answer.paged && Array.isArray(answer.body) ? page(answer.body, exchange) : answer;
		exchange.record.answer = shown.body;
		const headers: Record<string, string> = { ...shown.headers };
		if (shown.body === undefined) return exchange.answer(answer.status, headers, '');
		headers['content-type'] ??= 'application/json; charset=utf-8';
		exchange.answer(answer.status, headers, JSON.stringify(shown.body));
	}

	async #answer(exchange: Exchange): Promise<Answer> {
		const { record } = exchange;
		const { schemes, complaint } = this.#dialect;
		try {
			const complained = complaint?.(exchange);
			if (complained !== undefined) throw new Refusal('invalid', complained);
			const user = record.authorization && this.#model.accounts.byToken(record.authorization);
			const strange = record.authorization && !schemes.includes(record.authorization.scheme);
			if (strange || (record.authorization && user === undefined))
				throw new Refusal('unauthorized', 'Unauthorized');
			record.user = user?.name;
			const route = this.#router.find(record.method, record.path);
			if (route === undefined) throw new Refusal('not-found', 'Not Found');
			return await route.handler(new ApiCall(this.#model, record, route.params, user));
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			const { status, message } = this.#dialect.answers[error.reason];
			const words = message ?? error.message;
			return { status, body: this.#dialect.refusal(status, words, error.reason) };
		}
	}
}

/** The numbers that a forge knows its users by. */
export class UserNumbers {
	readonly #model: ForgeModel;
	readonly #names: string[] = [];

	constructor(model: ForgeModel) {
		this.#model = model;
	}

	/** Counted from 1 in the order in which they were first seen. */
	of(name: string): number {
		if (!this.#names.includes(name)) this.#names.push(name);
		return this.#names.indexOf(name) + 1;
	}

	/** The name of who has this number; refused where nobody has. */
	nameOf(number: number): string {
		const name = this.#names[number - 1];
		if (name === undefined || !this.#model.accounts.byName(name))
			throw new Refusal('invalid', `there is no user ${number}`);
		return name;
	}
}
