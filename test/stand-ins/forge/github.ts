import type { Exchange } from '../git/exchange.ts';
import { type Answer, ApiCall, paginate, Router } from './api.ts';
import { type AppRegistry, missingRight } from './apps.ts';
import { addContentRoutes } from './github-contents.ts';
import { addDeploymentRoutes } from './github-deployments.ts';
import { addGitRoutes } from './github-git.ts';
import { addIssueRoutes } from './github-issues.ts';
import { addPullRoutes } from './github-pulls.ts';
import { addRepositoryRoutes } from './github-repositories.ts';
import { GithubViews } from './github-views.ts';
import type { ForgeModel } from './model.ts';
import { type Reason, Refusal } from './refusal.ts';

const statuses: Record<Reason, number> = {
	unauthorized: 401,
	forbidden: 403,
	'not-found': 404,
	invalid: 422,
	missing: 422,
	exists: 422,
	stale: 409,
	'not-fast-forward': 422,
	protected: 409,
	duplicate: 422,
	'unknown-head': 422,
	'unknown-base': 422,
	'no-commits': 422,
	'own-review': 422,
	draft: 405,
	closed: 405,
	conflict: 405,
	checking: 405,
	'head-moved': 409,
	'base-moved': 405,
	unapproved: 405,
	unchecked: 405,
};

/** Reasons that GitHub words as `Validation Failed` with a list of errors. */
const validations = new Set<Reason>([
	'duplicate',
	'unknown-head',
	'unknown-base',
	'no-commits',
	'missing',
]);

/** GitHub's hourly limit for a token. */
const rateLimit = 5000;

/** GitHub's REST API over the model. Served below `/api/v3`, as Enterprise Server has it, and `/`. */
export class GithubApi {
	readonly #model: ForgeModel;
	readonly #router = new Router();
	readonly #used = new Map<string, number>();
	readonly #apps: AppRegistry;

	constructor(model: ForgeModel, apps: AppRegistry) {
		this.#model = model;
		this.#apps = apps;
		const views = new GithubViews(model);
		addRepositoryRoutes(this.#router, views);
		addDeploymentRoutes(this.#router, views);
		addGitRoutes(this.#router, views);
		addContentRoutes(this.#router, views);
		addPullRoutes(this.#router, views);
		addIssueRoutes(this.#router, views);
	}

	/** Answers one request; `prefix` is `/api/v3` or empty. */
	async handle(exchange: Exchange, prefix: string): Promise<void> {
		const { record } = exchange;
		const answer = await this.#answer(exchange, record.path.slice(prefix.length));
		const headers: Record<string, string> = {
			...this.#rateHeaders(record.authorization?.token ?? 'anonymous'),
			'x-github-request-id': `STAND:IN:${record.number}`,
			date: this.#model.now().toUTCString(),
			...answer.headers,
		};
		let { body } = answer;
		if (answer.paged && Array.isArray(body)) {
			const size = Math.min(Number(record.query.per_page) || 30, 100);
			const page = Math.max(Number(record.query.page) || 1, 1);
			const address = `${this.#model.url}${record.path}`;
			const { items, link } = paginate(body, page, size, address, record.query);
			if (link !== '') headers.link = link;
			body = items;
		}
		record.answer = body;
		if (body === undefined) return exchange.answer(answer.status, headers, '');
		const isText = typeof body === 'string' || Buffer.isBuffer(body);
		headers['content-type'] ??= 'application/json; charset=utf-8';
		exchange.answer(answer.status, headers, isText ? (body as string) : JSON.stringify(body));
	}

	async #answer({ record }: Exchange, path: string): Promise<Answer> {
		if (record.headers['user-agent'] === undefined) {
			return failure(403, 'Request forbidden by administrative rules: no User-Agent header');
		}
		try {
			const asApp = this.#apps.answer(record, path);
			if (asApp) return asApp;
			const user = record.authorization && this.#model.accounts.byToken(record.authorization);
			if (record.authorization && user === undefined) return failure(401, 'Bad credentials');
			record.user = user?.name;
			const route = this.#router.find(record.method, path);
			if (route === undefined) return failure(404, 'Not Found');
			if (user && missingRight(user, record.method, path))
				return failure(403, 'Resource not accessible by integration');
			return await route.handler(new ApiCall(this.#model, record, route.params, user));
		} catch (error) {
			if (error instanceof Refusal) return refusalAnswer(error);
			throw error;
		}
	}

	#rateHeaders(token: string): Record<string, string> {
		const used = Math.min((this.#used.get(token) ?? 0) + 1, rateLimit);
		this.#used.set(token, used);
		return {
			'x-ratelimit-limit': String(rateLimit),
			'x-ratelimit-remaining': String(rateLimit - used),
			'x-ratelimit-used': String(used),
			'x-ratelimit-reset': String(Math.ceil(this.#model.now().getTime() / 1000) + 3600),
			'x-ratelimit-resource': 'core',
		};
	}
}

function failure(status: number, message: string, errors?: unknown[]): Answer {
	const documentation = 'https://docs.github.com/rest';
	return {
		status,
		body: {
			message,
			...(errors && { errors }),
			documentation_url: documentation,
			status: String(status),
		},
	};
}

function refusalAnswer({ reason, message, field }: Refusal): Answer {
	const status = statuses[reason];
	if (!validations.has(reason)) return failure(status, message);
	const code = reason === 'missing' ? 'missing_field' : field === undefined ? 'custom' : 'invalid';
	const error = { resource: 'PullRequest', code, ...(field && { field }), message };
	return failure(status, 'Validation Failed', [error]);
}
