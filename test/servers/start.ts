import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findOrBuild } from './build.ts';
import type { GiteaAddress } from './gitea.ts';
import { giteaServer } from './gitea.ts';
import type { KubernetesAddress } from './kubernetes.ts';
import { kubernetes } from './kubernetes.ts';
import type { Log, Server, ServerKind } from './server.ts';

interface Addresses {
	gitea: GiteaAddress;
	kubernetes: KubernetesAddress;
}

export type ServerName = keyof Addresses;

export const serverKinds: { [Name in ServerName]: ServerKind<Addresses[Name]> } = {
	gitea: giteaServer,
	kubernetes,
};

export const serverNames = ['gitea', 'kubernetes'] as const satisfies ServerName[];

export type RunningServers<Name extends ServerName> = Pick<Addresses, Name> & {
	/** Ends those that were started here and removes their files. */
	stop(): Promise<void>;
};

/**
 * Gives the named servers, each as a variable says, else started on 127.0.0.1 with a program from
 * PATH, from the cache, or built now. They end when `stop` is called or this process ends.
 */
export async function startServers<Name extends ServerName>(
	names: readonly Name[],
	log: Log = console.error,
): Promise<RunningServers<Name>> {
	const started: Server<unknown>[] = [];
	const stop = async () => {
		await Promise.all(started.map((server) => server.process?.stop()));
	};
	const addresses: Partial<Record<Name, unknown>> = {};
	try {
		for (const name of names) {
			const folder = () => mkdtemp(join(tmpdir(), `lockstep-${name}-`));
			const server = await startServer<unknown>(serverKinds[name], folder, log);
			started.push(server);
			addresses[name] = server.address;
		}
	} catch (error) {
		await stop();
		throw error;
	}
	return { ...(addresses as Pick<Addresses, Name>), stop };
}

/** Gives or starts one server; `folder` makes an empty folder for its files when it is started. */
export async function startServer<Address>(
	kind: ServerKind<Address>,
	folder: () => Promise<string>,
	log: Log,
): Promise<Server<Address>> {
	const given = await kind.given(log);
	if (given !== undefined) {
		return given;
	}
	const program = await findOrBuild(kind.recipe, log);
	const begin = Date.now();
	const server = await kind.start(program, await folder());
	log(`${kind.recipe.title}: ready after ${((Date.now() - begin) / 1000).toFixed(1)} s.`);
	return server;
}
