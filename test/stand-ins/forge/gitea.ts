import type { Exchange } from '../git/exchange.ts';
import { type Answer, ApiCall, paginate, Router } from './api.ts';
import { addGiteaPullRoutes } from './gitea-pulls.ts';
import { addGiteaRepositoryRoutes } from './gitea-repositories.ts';
import { GiteaViews } from './gitea-views.ts';
import type { ForgeModel } from './model.ts';
import { type Reason, Refusal } from './refusal.ts';

/** Gitea's statuses, and its words where a client may read them. */
const answers: Record<Reason, { status: number; message?: string }> = {
	unauthorized: { status: 401, message: 'token is required' },
	forbidden: { status: 403, message: 'user should have a permission to write to a repo' },
	'not-found': { status: 404, message: "The target couldn't be found." },
	invalid: { status: 422 },
	missing: { status: 422 },
	exists: { status: 409 },
	stale: { status: 422 },
	'not-fast-forward': { status: 422 },
	protected: { status: 403, message: 'user cannot commit to repo' },
	duplicate: { status: 409, message: 'pull request already exists for these targets' },
	'unknown-head': { status: 404, message: "The target couldn't be found." },
	'unknown-base': { status: 404, message: "The target couldn't be found." },
	'no-commits': { status: 422 },
	'own-review': { status: 422 },
	draft: { status: 405, message: 'Work in progress PRs cannot be merged' },
	closed: { status: 405, message: 'The PR is already merged or closed' },
	conflict: { status: 405, message: 'Please try again later' },
	checking: { status: 405, message: 'Please try again later' },
	'head-moved': { status: 409, message: 'head out of date' },
	'base-moved': { status: 409, message: 'PushOutOfDate without Stack Trace' },
	unapproved: { status: 405, message: 'Does not have enough approvals' },
	unchecked: { status: 405, message: 'Not all required status checks successful' },
};

/** Gitea's API over the model, below `/api/v1`. */
export class GiteaApi {
	readonly #model: ForgeModel;
	readonly #router = new Router();

	constructor(model: ForgeModel) {
		this.#model = model;
		const views = new GiteaViews(model);
		addGiteaRepositoryRoutes(this.#router, views);
		addGiteaPullRoutes(this.#router, views);
	}

	async handle(exchange: Exchange): Promise<void> {
		const { record } = exchange;
		const answer = await this.#answer(exchange, record.path.slice('/api/v1'.length));
		const headers: Record<string, string> = { ...answer.headers };
		let { body } = answer;
		if (answer.paged && Array.isArray(body)) {
			const size = Math.min(Number(record.query.limit) || 30, 50);
			const page = Math.max(Number(record.query.page) || 1, 1);
			const address = `${this.#model.url}${record.path}`;
			headers['x-total-count'] = String(body.length);
			const { items, link } = paginate(body, page, size, address, record.query);
			if (link !== '') headers.link = link;
			body = items;
		}
		record.answer = body;
		if (body === undefined) return exchange.answer(answer.status, headers, '');
		headers['content-type'] = 'application/json;charset=utf-8';
		exchange.answer(answer.status, headers, JSON.stringify(body));
	}

	async #answer({ record }: Exchange, path: string): Promise<Answer> {
		// Gitea also takes the token from the query, which nobody should do; the stand-in does not.
		const user = record.authorization && this.#model.accounts.byToken(record.authorization);
		if (record.authorization && user === undefined) {
			return this.#failure(401, 'invalid username, password or token');
		}
		record.user = user?.name;
		const route = this.#router.find(record.method, path);
		if (route === undefined) return this.#failure(404, 'Not Found');
		try {
			return await route.handler(new ApiCall(this.#model, record, route.params, user));
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			const { status, message } = answers[error.reason];
			return this.#failure(status, message ?? error.message);
		}
	}

	#failure(status: number, message: string): Answer {
		return { status, body: { message, url: `${this.#model.url}/api/swagger` } };
	}
}
