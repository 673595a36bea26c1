import type { Authorization } from './exchange.ts';

export type Permission = 'none' | 'read' | 'write' | 'admin';

/** A user with one token. The same name twice is one user with two tokens. */
export interface User {
	readonly name: string;
	readonly token: string;
	readonly email?: string;
	/** What the token may do: everywhere, or by repository (`owner/name`). Default `admin`. */
	readonly access?: Permission | Record<string, Permission>;
	/** Of a GitHub App's token: what it may do in the repositories of `access`, by GitHub's names. */
	readonly rights?: Readonly<Record<string, 'read' | 'write'>>;
}

const ranks: Record<Permission, number> = { none: 0, read: 1, write: 2, admin: 3 };

/** The users that a server knows, and what each of their tokens may do. */
export class Accounts {
	readonly #users: User[];

	constructor(users: readonly User[]) {
		this.#users = [...users];
	}

	add(user: User): void {
		this.#users.push(user);
	}

	revoke(token: string): void {
		const index = this.#users.findIndex((user) => user.token === token);
		if (index !== -1) this.#users.splice(index, 1);
	}

	/** Whose token it is; undefined for a token that nobody has. */
	byToken(authorization: Authorization): User | undefined {
		return this.#users.find((user) => user.token === authorization.token);
	}

	byName(name: string): User | undefined {
		return this.#users.find((user) => user.name === name);
	}
}

export function permissionOf(user: User, repository: string): Permission {
	const access = user.access ?? 'admin';
	return typeof access === 'string' ? access : (access[repository] ?? 'none');
}

/** What a user may do by git itself, for which an app's token needs the right to contents. */
export function gitPermissionOf(user: User, repository: string): Permission {
	const permission = permissionOf(user, repository);
	const contents = user.rights === undefined ? permission : (user.rights.contents ?? 'none');
	return allows(permission, contents) ? contents : permission;
}

export function allows(permission: Permission, wanted: Permission): boolean {
	return ranks[permission] >= ranks[wanted];
}

export function emailOf(user: User): string {
	return user.email ?? `${user.name}@users.example`;
}
