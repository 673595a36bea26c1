import { randomUUID } from 'node:crypto';
import { RegistryError } from './errors.ts';

export interface Account {
	password: string;
	/** May push and delete, besides pulling. */
	push?: boolean;
}

export interface Auth {
	/** `basic`: the password with each request. `token`: it is traded for a bearer token at the realm. */
	kind: 'basic' | 'token';
	accounts: Record<string, Account>;
	/** Pulling needs no account. */
	anonymousPull?: boolean;
}

/** Who may do what; knows the tokens that it has given out. */
export class Gate {
	readonly #auth: Auth | undefined;
	readonly #tokens = new Map<string, { scopes: string[] }>();

	constructor(auth: Auth | undefined) {
		this.#auth = auth;
	}

	/** @throws UNAUTHORIZED with the challenge, or DENIED, when the request may not do that. */
	check(
		authorization: string,
		{ name, action, origin }: { name: string; action: 'pull' | 'push'; origin: string },
	): void {
		const auth = this.#auth;
		if (auth === undefined) return;
		if (auth.kind === 'basic') {
			if (auth.anonymousPull && action === 'pull' && name !== '') return;
			const account = this.#account(authorization);
			const headers = { 'www-authenticate': 'Basic realm="registry"' };
			if (account === undefined) throw new RegistryError('UNAUTHORIZED', { headers });
			if (action === 'push' && !account.push) throw new RegistryError('DENIED');
			return;
		}
		const token = /^Bearer (.+)$/.exec(authorization)?.[1];
		const granted = token === undefined ? undefined : this.#tokens.get(token);
		const wanted = `repository:${name}:${action}`;
		if (granted !== undefined && (name === '' || granted.scopes.includes(wanted))) return;
		const scope =
			name === '' ? '' : `,scope="repository:${name}:${action === 'push' ? 'pull,push' : 'pull'}"`;
		const error = granted === undefined ? '' : ',error="insufficient_scope"';
		throw new RegistryError('UNAUTHORIZED', {
			headers: {
				'www-authenticate': `Bearer realm="${origin}/token",service="registry"${scope}${error}`,
			},
		});
	}

	/** What the realm answers: a token for those of the wished scopes that the account has. */
	issueToken(authorization: string, scopes: string[]): string {
		const account = this.#account(authorization);
		if (authorization !== '' && account === undefined) throw new RegistryError('UNAUTHORIZED');
		const allowed = (action: string) =>
			action === 'pull'
				? account !== undefined || this.#auth?.anonymousPull === true
				: account?.push === true;
		const granted = scopes
			.flatMap((scope) => scope.split(' '))
			.flatMap((scope) => {
				const [type, name, actions = ''] = scope.split(':');
				return actions
					.split(',')
					.filter(allowed)
					.map((action) => `${type}:${name}:${action}`);
			});
		const token = randomUUID();
		this.#tokens.set(token, { scopes: granted });
		return JSON.stringify({ token, access_token: token, expires_in: 300 });
	}

	#account(authorization: string): Account | undefined {
		const encoded = /^Basic (.+)$/.exec(authorization)?.[1] ?? '';
		const [user = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
		const account = this.#auth?.accounts[user];
		return account?.password === password.join(':') ? account : undefined;
	}
}
