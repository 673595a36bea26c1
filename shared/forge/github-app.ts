import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { badInput, Failure } from '../failure/failure.ts';
import { HttpClient, type HttpResponse, type TlsOptions } from '../http/client.ts';
import type { Log } from '../log/log.ts';
import { userAgent } from './connection.ts';
import type { RepositoryName } from './forge.ts';
import { refused } from './refusal.ts';

/** A GitHub App: its id (or client id) and its private key. */
export interface GitHubApp {
	readonly id: string;
	readonly key: KeyObject;
}

/** What a token may do, by GitHub's names of permissions: `{ contents: 'write' }`. */
export type Rights = Readonly<Record<string, 'read' | 'write'>>;

export interface TokenQuestion {
	readonly app: GitHubApp;
	readonly apiUrl: string;
	/** The one repository that the token is for. */
	readonly repository: RepositoryName;
	readonly rights: Rights;
	readonly tls: TlsOptions;
	/** Variables that may name a proxy. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Keeps a secret out of the log. */
	readonly protect: (secret: string) => void;
	readonly log: Log;
	readonly signal: AbortSignal;
}

export interface InstallationToken {
	readonly token: string;
	/** Milliseconds since the epoch; an hour after it was made. */
	readonly expires: number;
}

/**
 * Reads the private key of an app: PEM text as GitHub hands it out, the same with its line
 * ends written as `\n` or lost to spaces, or Base64 of it, since CIs keep secrets in one line.
 * @throws Failure (bad input) for anything else; nothing of the value is told.
 */
export function readAppKey(given: string, inputName: string): { key: KeyObject; pem: string } {
	const text = given.includes('-----BEGIN')
		? given
		: Buffer.from(given, 'base64').toString('latin1');
	const plain = text
		.replace(/\\r|\r/g, '')
		.replaceAll('\\n', '\n')
		.trim();
	const [, kind = '', body = ''] =
		/-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*)-----END \1-----/s.exec(plain) ?? [];
	const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
	const pem = `-----BEGIN ${kind}-----\n${lines.join('\n')}\n-----END ${kind}-----\n`;
	let key: KeyObject | undefined;
	try {
		key = createPrivateKey(pem);
	} catch {
		// What node says of a broken key helps nobody who only copied it.
	}
	if (key?.asymmetricKeyType === 'rsa') return { key, pem };
	throw badInput(
		`${inputName} is not the private key of a GitHub App; give all of the .pem file that GitHub made for it, or Base64 of that file`,
	);
}

/**
 * Has GitHub make a token of the app's installation, for one repository and with no more
 * rights than asked for
 * (docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app).
 * @throws Failure where the key is another app's, the app is not installed in the
 * repository, or was not granted these rights.
 */
export async function installationToken(question: TokenQuestion): Promise<InstallationToken> {
	const { apiUrl, repository, rights, protect } = question;
	const { tls, environment, log, signal } = question;
	const client = new HttpClient({
		baseUrl: apiUrl,
		headers: { accept: 'application/vnd.github+json', 'user-agent': userAgent },
		tls,
		environment,
		log,
		signal,
	});
	try {
		const session = new AppSession(question, client);
		const { owner, name } = repository;
		const where = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/installation`;
		const { id } = parse<{ id: number }>(await session.ask({ path: where }));
		const made = await session.ask({
			method: 'POST',
			path: `/app/installations/${id}/access_tokens`,
			body: { repositories: [name], permissions: rights },
			// A token more does no harm; it ends by itself.
			idempotent: true,
		});
		const { token, expires_at } = parse<{ token: string; expires_at: string }>(made);
		protect(token);
		log.debug(
			`GitHub made a token for ${owner}/${name} alone (${describeRights(rights)}), until ${expires_at}`,
		);
		return { token, expires: Date.parse(expires_at) };
	} finally {
		client.close();
	}
}

type AppRequest = Omit<Parameters<HttpClient['send']>[0], 'headers'>;

/** Asks as the app itself. */
class AppSession {
	readonly #question: TokenQuestion;
	readonly #client: HttpClient;
	/** How far this machine's clock is behind GitHub's, in ms. */
	#behind = 0;

	constructor(question: TokenQuestion, client: HttpClient) {
		this.#question = question;
		this.#client = client;
	}

	async ask(request: AppRequest): Promise<HttpResponse> {
		let response = await this.#send(request);
		if (response.status === 401 && isAboutTime(response) && this.#behind === 0) {
			this.#behind = Date.parse(String(response.headers.date)) - Date.now() || 0;
			this.#question.log.warn(
				`The clock of this machine is ${describeSkew(this.#behind)} GitHub's, so that it refuses what the app signs now; going on by GitHub's clock, but set this one right`,
			);
			response = await this.#send(request);
		}
		if (response.status < 300) return response;
		throw this.#failure(response);
	}

	async #send(request: AppRequest): Promise<HttpResponse> {
		const { app, protect } = this.#question;
		const jwt = appJwt(app, Date.now() + this.#behind);
		protect(jwt);
		return await this.#client.send({ ...request, headers: { authorization: `Bearer ${jwt}` } });
	}

	#failure(response: HttpResponse): Failure {
		const { app, repository, rights } = this.#question;
		const { status } = response;
		const slug = `${repository.owner}/${repository.name}`;
		const message = messageIn(response);
		const uninstalled = `The GitHub App ${app.id} is not installed in ${slug}, or there is no such repository; install the app there (its page, Install App), or check the name`;
		if (status === 404 && !/integration/i.test(message)) return new Failure(uninstalled);
		if (status === 422 && /repositor/i.test(message)) return new Failure(uninstalled);
		if (status === 401 && isAboutTime(response))
			return new Failure(
				`GitHub refuses what the GitHub App ${app.id} signs for the time in it (${message}); set this machine's clock right`,
			);
		if (status === 401 || status === 404)
			return new Failure(
				`GitHub does not take app-private-key for the GitHub App ${app.id} (${status} ${message}); check that app-id is that app's, and that the key is one of its present keys`,
			);
		const advice =
			status === 422 && /permission/i.test(message)
				? `grant the app ${describeRights(rights)} in its settings, and accept that where it is installed`
				: status === 403
					? 'see where the app is installed: it may be suspended'
					: undefined;
		return refused({
			forge: 'GitHub',
			doing: `make a token of the GitHub App ${app.id}`,
			repository: slug,
			status,
			message,
			advice,
		});
	}
}

/**
 * The app's own word for who it is: RS256, issued a minute ago for clocks that differ, valid
 * for less than the ten minutes that GitHub allows.
 */
export function appJwt({ id, key }: GitHubApp, now: number): string {
	const seconds = Math.floor(now / 1000);
	const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
	const claims = { iat: seconds - 60, exp: seconds + 480, iss: id };
	const content = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
	return `${content}.${sign('RSA-SHA256', Buffer.from(content), key).toString('base64url')}`;
}

/** GitHub's words: "'Expiration time' claim ('exp') ...", "'Issued at' claim ('iat') ...". */
function isAboutTime(response: HttpResponse): boolean {
	return /\('?(exp|iat)'?\)/.test(messageIn(response));
}

function describeSkew(behind: number): string {
	const seconds = Math.round(Math.abs(behind) / 1000);
	const span = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`;
	return `${span} ${behind < 0 ? 'ahead of' : 'behind'}`;
}

/** `contents: write, pull_requests: write`. */
function describeRights(rights: Rights): string {
	return Object.entries(rights)
		.map(([name, right]) => `${name}: ${right}`)
		.join(', ');
}

function messageIn({ text }: HttpResponse): string {
	try {
		const { message } = JSON.parse(text) as { message?: unknown };
		return typeof message === 'string' ? message : '';
	} catch {
		return '';
	}
}

function parse<T>({ text }: HttpResponse): T {
	try {
		return JSON.parse(text) as T;
	} catch (error) {
		throw new Failure(
			"GitHub's API answered with something other than JSON; check api-url (https://api.github.com, or a server's /api/v3)",
			{ cause: error },
		);
	}
}
