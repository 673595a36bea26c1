import type { User } from '../git/accounts.ts';
import type { RecordedRequest } from '../git/exchange.ts';
import type { ForgeModel, Repository } from './model.ts';
import { Refusal } from './refusal.ts';
import type { NewStatus } from './statuses.ts';

export interface Answer {
	readonly status: number;
	readonly body?: unknown;
	readonly headers?: Record<string, string>;
	/** The body is a whole list, of which the front sends the page that was asked for. */
	readonly paged?: boolean;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };
export const list = (body: readonly unknown[]): Answer => ({ status: 200, body, paged: true });

/** What a route gets: the request, read and checked. */
export class ApiCall {
	readonly model: ForgeModel;
	readonly record: RecordedRequest;
	readonly params: Readonly<Record<string, string>>;
	readonly #user: User | undefined;

	constructor(
		model: ForgeModel,
		record: RecordedRequest,
		params: Record<string, string>,
		user: User | undefined,
	) {
		this.model = model;
		this.record = record;
		this.params = params;
		this.#user = user;
	}

	/** The caller; refused when there is no token. */
	get user(): User {
		if (this.#user === undefined) throw new Refusal('unauthorized', 'Requires authentication');
		return this.#user;
	}

	get query(): Readonly<Record<string, string>> {
		return this.record.query;
	}

	get body(): Readonly<Record<string, unknown>> {
		const { body } = this.record;
		return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
	}

	/** The repository in the path, when the caller may do this with it. */
	repository(wanted: 'read' | 'write' | 'admin' = 'read'): Repository {
		const { owner, name } = this.params;
		return this.model.repositoryFor(`${owner}/${name}`, this.#user, wanted);
	}

	param(name: string): string {
		return this.params[name] ?? '';
	}

	/** A number of the path: the pull request's, unless another is named. */
	number(name = 'number'): number {
		return Number(this.param(name));
	}

	/** A text of the body; refused when it is something else. */
	text(name: string): string | undefined {
		const value = this.body[name];
		if (value === undefined || value === null) return undefined;
		if (typeof value !== 'string') throw new Refusal('invalid', `${name} is not a string`, name);
		return value;
	}

	requiredText(name: string): string {
		const value = this.text(name);
		if (value === undefined || value === '') {
			throw new Refusal('missing', `"${name}" wasn't supplied.`, name);
		}
		return value;
	}

	/** A list of texts of the body; empty when it is not there. */
	texts(name: string): string[] {
		const value = this.body[name] ?? [];
		if (!Array.isArray(value)) throw new Refusal('invalid', `${name} is not a list`, name);
		return value.map(String);
	}

	/** A commit status, which both APIs take in the same words. */
	newStatus(): NewStatus {
		return {
			state: this.requiredText('state'),
			context: this.text('context'),
			description: this.text('description'),
			targetUrl: this.text('target_url'),
		};
	}

	flag(name: string): boolean {
		return this.body[name] === true;
	}
}

type Handler = (call: ApiCall) => Answer | Promise<Answer>;

interface Route {
	readonly method: string;
	readonly pattern: RegExp;
	readonly handler: Handler;
}

/**
 * Routes on decoded paths: `:name` is one segment, `*name` one or more, `#name` a number. The first
 * match wins.
 */
export class Router {
	readonly #routes: Route[] = [];

	on(method: string, path: string, handler: Handler): this {
		const source = path
			.replace(/[.]/g, '\\$&')
			.replace(/#(\w+)/g, '(?<$1>\\d+)')
			.replace(/:(\w+)/g, '(?<$1>[^/]+)')
			.replace(/\*(\w+)/g, '(?<$1>.+)');
		this.#routes.push({ method, pattern: new RegExp(`^${source}$`), handler });
		return this;
	}

	find(
		method: string,
		path: string,
	): { handler: Handler; params: Record<string, string> } | undefined {
		for (const route of this.#routes) {
			const match = route.method === method ? route.pattern.exec(path) : null;
			if (match) return { handler: route.handler, params: { ...match.groups } };
		}
		return undefined;
	}
}

/** The page of a list, and the `Link` header that names its neighbours (RFC 8288). */
export function paginate(
	items: readonly unknown[],
	page: number,
	size: number,
	address: string,
	query: Readonly<Record<string, string>>,
): { items: readonly unknown[]; link: string } {
	const last = Math.max(1, Math.ceil(items.length / size));
	const to = (target: number, rel: string) => {
		const search = new URLSearchParams({ ...query, page: String(target) });
		return `<${address}?${search}>; rel="${rel}"`;
	};
	const links: string[] = [];
	if (page > 1) links.push(to(page - 1, 'prev'));
	if (page < last) links.push(to(page + 1, 'next'), to(last, 'last'));
	if (page > 1) links.push(to(1, 'first'));
	return { items: items.slice((page - 1) * size, page * size), link: links.join(', ') };
}

/** Seconds are the smallest unit in the forges' times. */
export function timestamp(date: Date): string {
	return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
