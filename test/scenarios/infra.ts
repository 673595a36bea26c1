import type { BareRepositoryOptions } from '../stand-ins/git/bare-repository.ts';
import { git } from '../stand-ins/git/git.ts';
import { type GitServer, startGitServer } from '../stand-ins/git/git-server.ts';
import { runStep, type StepOptions, type StepRun } from './run-step.ts';

/** A token that a test looks for where it must not be. */
export const token = 's3cret-t0ken-of-the-bot';

export const repository = 'acme/infra-staging';

/** A manifest as people write it: comments, odd spacing, no newline at its end. */
export function deployment(image: string, name = 'api'): string {
	return `# the ${name}
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
    template:
        spec:
            containers:
                - name: ${name}
                  image:   ${image}   # kept by bump-image`;
}

function argumentsOf(inputs: Record<string, string | undefined>): string[] {
	return Object.entries(inputs).flatMap(([name, value]) =>
		value === undefined ? [] : [`--${name}=${value}`],
	);
}

/** A git server with one infra repository, and what a scenario test asks of both. */
export class Infra {
	readonly server: GitServer;
	readonly url: string;

	constructor(server: GitServer) {
		this.server = server;
		this.url = server.cloneUrl(repository);
	}

	static async start(
		files: Record<string, string>,
		options: Omit<BareRepositoryOptions, 'files'> = {},
	): Promise<Infra> {
		const users = [
			{ name: 'bot', token },
			{ name: 'reader', token: 'token-that-only-reads', access: 'read' as const },
		];
		const server = await startGitServer({ users });
		await server.createRepository(repository, { ...options, files });
		return new Infra(server);
	}

	/** Runs bump-image from the command line; `inputs` take the place of the usual ones. */
	async bump(
		inputs: Record<string, string | undefined> = {},
		options: StepOptions = {},
	): Promise<StepRun> {
		const all = {
			repository: this.url,
			token,
			file: 'apps/api.yaml',
			image: 'ghcr.io/acme/api',
			tag: 'v2',
			...inputs,
		};
		return await runStep('bump-image', { ...options, args: argumentsOf(all) });
	}

	/** Runs hold or rollback from the command line, on the usual image. */
	async run(
		step: 'hold' | 'rollback',
		inputs: Record<string, string | undefined> = {},
		options: StepOptions = {},
	): Promise<StepRun> {
		const file = step === 'rollback' ? { file: 'apps/api.yaml' } : {};
		const all = { repository: this.url, token, ...file, image: 'ghcr.io/acme/api', ...inputs };
		return await runStep(step, { ...options, args: argumentsOf(all) });
	}

	git(...args: string[]): Promise<string> {
		return git(this.server.repositoryPath(repository), args);
	}

	/** Subjects of the commits of main, the newest first. */
	async subjects(): Promise<string[]> {
		return (await this.git('log', '--format=%s', 'main')).split('\n');
	}

	file(path: string, revision = 'main'): Promise<string> {
		return this.git('show', `${revision}:${path}`);
	}

	/** Requests since the last call, as `GET info/refs?service=git-upload-pack`. */
	takeRequests(): string[] {
		return this.server.requests.splice(0).map(({ method, path, query }) => {
			const service = query.service === undefined ? '' : `?service=${query.service}`;
			return `${method} ${path.replace(/^.*\.git\//, '')}${service}`;
		});
	}

	close(): Promise<void> {
		return this.server.close();
	}
}
