import type { Connection } from './connection.ts';
import type { FoundForge } from './detect.ts';
import type { Forge } from './forge.ts';

/** The forge for one repository. Octokit is loaded only where it is GitHub. */
export async function connectForge(
	kind: Exclude<FoundForge['kind'], 'git'>,
	connection: Connection,
): Promise<Forge> {
	if (kind === 'github') {
		const { GitHubForge } = await import('./github.ts');
		return new GitHubForge(connection);
	}
	if (kind === 'gitlab') {
		const { GitLabForge } = await import('./gitlab.ts');
		return new GitLabForge(connection);
	}
	if (kind === 'bitbucket') {
		// Cloud and own servers share the name alone.
		const cloud = /\/2\.0\/?$/.test(new URL(connection.apiUrl).pathname);
		if (cloud) {
			const { BitbucketCloudForge } = await import('./bitbucket.ts');
			return new BitbucketCloudForge(connection);
		}
		const { BitbucketServerForge } = await import('./bitbucket-server.ts');
		return new BitbucketServerForge(connection);
	}
	if (kind === 'azure') {
		const { AzureForge } = await import('./azure.ts');
		return new AzureForge(connection);
	}
	const { GiteaForge } = await import('./gitea.ts');
	return new GiteaForge(connection, kind);
}
