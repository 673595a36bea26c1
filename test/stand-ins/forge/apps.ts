import { randomBytes, verify } from 'node:crypto';
import type { User } from '../git/accounts.ts';
import type { RecordedRequest } from '../git/exchange.ts';
import type { Answer } from './api.ts';
import { timestamp } from './api.ts';
import type { ForgeModel } from './model.ts';

type Rights = Readonly<Record<string, 'read' | 'write'>>;

/** A GitHub App, and the one account that it is installed in. */
export interface GitHubApp {
	readonly id: number;
	/** What its bot is called by: `promoter` acts as `promoter[bot]`. */
	readonly slug: string;
	/** PEM text; the private key is the app's own. */
	readonly publicKey: string;
	/** `owner/name` of the repositories that it was given. */
	readonly repositories: readonly string[];
	/** What it was granted there. */
	readonly rights: Rights;
	/** Milliseconds that its tokens live. Default an hour, as on GitHub. */
	readonly lifetime?: number;
}

const failure = (status: number, message: string): Answer => ({
	status,
	body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
});

/** The routes that only an app itself may take, by a token that it signs. */
export class AppRegistry {
	readonly #model: ForgeModel;
	readonly #apps: readonly GitHubApp[];

	constructor(model: ForgeModel, apps: readonly GitHubApp[]) {
		this.#model = model;
		this.#apps = apps;
	}

	/** Undefined where the route is none of an app's. */
	answer(record: RecordedRequest, path: string): Answer | undefined {
		const where = /^\/repos\/([^/]+\/[^/]+)\/installation$/.exec(path)?.[1];
		const minting = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path)?.[1];
		if (where === undefined && minting === undefined) return undefined;
		const app = this.#appOf(record.authorization?.token ?? '');
		if ('status' in app) return app;
		if (where !== undefined) {
			if (!app.repositories.includes(where)) return failure(404, 'Not Found');
			return { status: 200, body: this.#installation(app, where) };
		}
		if (Number(minting) !== app.id + 1000) return failure(404, 'Not Found');
		return this.#mint(app, record.body as Partial<Minting>);
	}

	/** Whose word a JSON web token is, if it is one and in time. */
	#appOf(jwt: string): GitHubApp | Answer {
		const [head = '', claims = '', signature = ''] = jwt.split('.');
		const undecodable = failure(401, 'A JSON web token could not be decoded');
		const { alg } = decode(head);
		const { iss, iat, exp } = decode(claims);
		if (alg !== 'RS256') return undecodable;
		const app = this.#apps.find(({ id }) => String(id) === String(iss));
		if (app === undefined) return failure(404, 'Integration not found');
		const signed = Buffer.from(`${head}.${claims}`);
		const isOwn = verify('RSA-SHA256', signed, app.publicKey, Buffer.from(signature, 'base64url'));
		if (!isOwn) return undecodable;
		const now = this.#model.now().getTime() / 1000;
		if (typeof iat !== 'number' || iat > now)
			return failure(
				401,
				"'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
			);
		if (typeof exp !== 'number' || exp < now)
			return failure(
				401,
				"'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
			);
		if (exp > now + 600)
			return failure(401, "'Expiration time' claim ('exp') is too far in the future");
		return app;
	}

	#installation(app: GitHubApp, repository: string) {
		return {
			id: app.id + 1000,
			app_id: app.id,
			app_slug: app.slug,
			account: { login: repository.split('/')[0], id: 1 },
			repository_selection: 'selected',
			permissions: app.rights,
			target_type: 'Organization',
			events: [],
		};
	}

	#mint(app: GitHubApp, { repositories, permissions = app.rights }: Partial<Minting>): Answer {
		const names = repositories ?? app.repositories.map((full) => full.split('/')[1] ?? '');
		const full = names.map((name) => app.repositories.find((one) => one.endsWith(`/${name}`)));
		if (full.includes(undefined))
			return failure(
				422,
				'There is at least one repository that does not exist or is not accessible to the parent installation.',
			);
		const beyond = Object.entries(permissions).some(
			([name, right]) => app.rights[name] !== 'write' && app.rights[name] !== right,
		);
		if (beyond)
			return failure(422, 'The permissions requested are not granted to this installation.');
		const token = `ghs_${randomBytes(200).toString('base64url')}`;
		const access = Object.fromEntries(full.map((name) => [name ?? '', 'write' as const]));
		this.#model.accounts.add({ name: `${app.slug}[bot]`, token, access, rights: permissions });
		const expires = new Date(this.#model.now().getTime() + (app.lifetime ?? 3_600_000));
		return {
			status: 201,
			body: {
				token,
				expires_at: timestamp(expires),
				permissions,
				repository_selection: 'selected',
			},
		};
	}
}

interface Minting {
	readonly repositories: readonly string[];
	readonly permissions: Rights;
}

function decode(part: string): Record<string, unknown> {
	try {
		return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
	} catch {
		return {};
	}
}

/** Which right each part of the API asks of an app's token; the first that fits counts. */
const areas: readonly [RegExp, readonly string[]][] = [
	[/^\/pulls\/\d+\/merge$/, ['contents']],
	[/^\/pulls\b/, ['pull_requests']],
	[/^\/(issues|labels)\b/, ['issues', 'pull_requests']],
	[/^\/statuses\b|^\/commits\/.+\/status(es)?$/, ['statuses']],
	[/^\/deployments\b/, ['deployments']],
	[/^\/(git|contents|branches|commits|compare|tags)\b/, ['contents']],
];

/** Whether an app's token lacks the right to what is asked; other tokens have no such rights. */
export function missingRight({ rights }: User, method: string, path: string): boolean {
	const below = /^\/repos\/[^/]+\/[^/]+(\/.*)$/.exec(path)?.[1];
	if (rights === undefined || below === undefined) return false;
	const [, names = []] = areas.find(([pattern]) => pattern.test(below)) ?? [];
	const isEnough = (right: 'read' | 'write' | undefined) =>
		right === 'write' || (right === 'read' && method === 'GET');
	return names.length > 0 && !names.some((name) => isEnough(rights[name]));
}
