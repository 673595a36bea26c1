import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findOrBuild, type Recipe } from './build.ts';
import type { GiteaAddress } from './gitea.ts';
import { GiteaBrowser } from './gitea-browser.ts';
import type { Log } from './server.ts';
import { launch, onFreePorts } from './server-process.ts';

const version = '1.10.1';

/**
 * The server runs pipelines itself, through a package that would start containers; `drone/` has a
 * small one in its place that starts processes.
 */
const recipe: Recipe = {
	name: 'drone',
	title: `Drone ${version}`,
	command: 'lockstep-drone-server',
	folder: join(import.meta.dirname, 'drone'),
	package: 'github.com/drone/drone/cmd/drone-server',
	arguments: ['-tags=oss nolimit', '-ldflags=-s -w'],
	cgo: true,
	usually: 'takes 1 to 3 minutes on 2 cores',
	otherwise: 'put one that was built from test/servers/drone on PATH as lockstep-drone-server',
};

export interface DroneOptions {
	readonly gitea: GiteaAddress;
	/** An account of Gitea that may administer the repositories. */
	readonly user: { readonly name: string; readonly password: string };
	/** Programs that stand for images: `<folder>/<image as in the file>`. */
	readonly images: string;
	/** A folder of programs that scripts find before those of this machine. */
	readonly commands: string;
	/** An empty folder for its files. */
	readonly folder: string;
	readonly log: Log;
}

export interface DroneBuild {
	readonly number: number;
	readonly status: string;
	readonly event: string;
	readonly ref: string;
}

interface BuildDetails extends DroneBuild {
	/** Why it could not be begun, such as a fault in its file. */
	readonly error?: string;
	readonly stages?: readonly {
		readonly number: number;
		readonly error?: string;
		readonly steps?: readonly {
			readonly number: number;
			readonly name: string;
			readonly status: string;
		}[];
	}[];
}

/** A running Drone, as its administrator sees it. Repositories are `owner/name`. */
export class Drone {
	readonly url: string;
	readonly #token: string;
	readonly #stop: () => Promise<void>;

	private constructor(url: string, token: string, stop: () => Promise<void>) {
		this.url = url;
		this.#token = token;
		this.#stop = stop;
	}

	/** Starts it on a free port, and connects it to Gitea as a person would in a browser. */
	static async start({ gitea, user, images, commands, folder, log }: DroneOptions): Promise<Drone> {
		const program = await findOrBuild(recipe, log);
		const token = randomUUID();
		await mkdir(join(folder, 'tmp'), { recursive: true });
		return await onFreePorts(1, async (port) => {
			const url = `http://127.0.0.1:${port}`;
			const browser = new GiteaBrowser(gitea.url, user);
			const application = await browser.registerApplication('drone', `${url}/login`);
			const server = await launch({
				title: recipe.title,
				command: program.file,
				arguments: [],
				folder,
				logFile: join(folder, 'server.log'),
				environment: {
					PATH: [commands, process.env.PATH].join(delimiter),
					DRONE_GITEA_SERVER: gitea.url,
					DRONE_GITEA_CLIENT_ID: application.id,
					DRONE_GITEA_CLIENT_SECRET: application.secret,
					DRONE_SERVER_HOST: `127.0.0.1:${port}`,
					DRONE_SERVER_PORT: `127.0.0.1:${port}`,
					DRONE_SERVER_PROTO: 'http',
					DRONE_RPC_SECRET: randomBytes(16).toString('hex'),
					DRONE_DATABASE_DATASOURCE: join(folder, 'drone.sqlite'),
					DRONE_USER_CREATE: `username:${user.name},admin:true,token:${token}`,
					DRONE_AGENTS_DISABLED: 'true',
					DRONE_GIT_ALWAYS_AUTH: 'true',
					LOCKSTEP_DRONE_IMAGES: images,
					TMPDIR: join(folder, 'tmp'),
				},
				isReady: async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok === true,
			});
			const drone = new Drone(url, token, () => server.stop());
			try {
				await browser.grant(`${url}/login`);
			} catch (error) {
				await server.stop();
				throw error;
			}
			return drone;
		});
	}

	/** Lets pushes and the like start the repository's pipelines. */
	async activate(repository: string): Promise<void> {
		await this.#request('POST', '/user/repos?async=false');
		await this.#request('POST', `/repos/${repository}`);
	}

	/** A secret as the document that is put into the repository's file, for it alone to read. */
	async secretDocument(repository: string, name: string, value: string): Promise<string> {
		const { data } = (await this.#request('POST', `/repos/${repository}/encrypt`, {
			name,
			data: value,
		})) as { data: string };
		return `---\nkind: secret\nname: ${name}\ndata: ${data}\n`;
	}

	/** The newest first. */
	async builds(repository: string): Promise<DroneBuild[]> {
		return (await this.#request('GET', `/repos/${repository}/builds`)) as DroneBuild[];
	}

	/** What the steps of a build have printed, each below its name and how it ended. */
	async log(repository: string, number: number): Promise<string> {
		const path = `/repos/${repository}/builds/${number}`;
		const { error, stages = [] } = (await this.#request('GET', path)) as BuildDetails;
		const texts = error ? [`error: ${error}`] : [];
		for (const stage of stages) {
			if (stage.error) texts.push(`error: ${stage.error}`);
			for (const step of stage.steps ?? []) {
				const lines = (await this.#request(
					'GET',
					`${path}/logs/${stage.number}/${step.number}`,
				).catch(() => null)) as { out?: string }[] | null;
				const text = (lines ?? []).map(({ out = '' }) => out).join('');
				texts.push(`${step.name}: ${step.status}\n${text}`);
			}
		}
		return texts.join('\n');
	}

	async #request(method: string, path: string, body?: object): Promise<unknown> {
		const response = await fetch(`${this.url}/api${path}`, {
			method,
			headers: { authorization: `Bearer ${this.#token}` },
			...(body && { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		if (!response.ok)
			throw new Error(`Drone answers ${method} ${path} with ${response.status}: ${text}`);
		return text === '' ? undefined : JSON.parse(text);
	}

	async stop(): Promise<void> {
		await this.#stop();
	}
}
