import type { Programs } from '../engines/pipeline.ts';
import { type EnvironmentName, type RepositoryName, repositoryNames } from './flow.ts';

/** A user of the forge with a token. */
export interface Account {
	readonly name: string;
	readonly token: string;
}

/** What the flow runs on: the stand-ins of the demo, or real servers. */
export interface Servers {
	readonly forge: {
		readonly kind: 'github' | 'gitea';
		readonly url: string;
		readonly apiUrl: string;
	};
	/** Writes the application. */
	readonly developer: Account;
	/** May approve and merge what goes to production. */
	readonly reviewer: Account;
	/** What a CI reads a repository with; Drone's also writes tags to it. */
	readonly ciAccounts: Readonly<Record<RepositoryName, Account>>;
	/** The secret of each repository's pipeline: what its steps write to other repositories with. */
	readonly stepTokens: Readonly<Record<RepositoryName, string>>;
	/** Text of a kubeconfig that may deploy. */
	readonly kubeconfigs: Readonly<Record<EnvironmentName, string>>;
	/** Where an environment's objects are, in its cluster. */
	readonly namespaces: Readonly<Record<EnvironmentName, string>>;
	/** A version whose image is known not to start. */
	readonly brokenVersion: string;
	/** Where the examples' images are pushed to, and pulled from. */
	readonly registryUrl: string;
	/** What stands for images and actions that are not Lockstep's. */
	readonly programs: Programs;
	cloneUrl(repository: RepositoryName): string;
	/** Makes a repository whose first commit, on `main`, has the folder's files. */
	createRepository(repository: RepositoryName, folder: string): Promise<void>;
	/** Told of every webhook that the forge sends from now on. */
	onWebhook(listener: (name: string, payload: unknown) => void): Promise<void>;
	close(): Promise<void>;
}

/** The repositories that the steps of each pipeline have to write: what its token is for. */
export const writableBy: Readonly<Record<RepositoryName, readonly RepositoryName[]>> = {
	application: ['application', 'infra-staging', 'infra-qa'],
	'infra-staging': ['application'],
	'infra-qa': ['infra-qa', 'infra-production', 'application'],
	'infra-production': ['application'],
};

/** What the registry wants for a push. */
export const docker = { username: 'builder', password: 'docker-password' };

export function byRepository<T>(make: (name: RepositoryName) => T): Record<RepositoryName, T> {
	const entries = repositoryNames.map((name) => [name, make(name)]);
	return Object.fromEntries(entries) as Record<RepositoryName, T>;
}
