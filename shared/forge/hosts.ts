import type { ForgeKind } from './forge.ts';

/** The forge that a host is known for by its name alone. */
export function kindByHost(hostname: string): Exclude<ForgeKind, 'git'> | undefined {
	if (isGitHubHost(hostname)) return 'github';
	if (hostname === 'codeberg.org') return 'forgejo';
	if (isHostOf('gitlab.com', hostname)) return 'gitlab';
	if (isHostOf('bitbucket.org', hostname)) return 'bitbucket';
	return isAzureHost(hostname) ? 'azure' : undefined;
}

/** A service's own host, or that of its ssh over port 443. */
export function isHostOf(service: string, hostname: string): boolean {
	return hostname === service || hostname === `altssh.${service}`;
}

export function isAzureHost(hostname: string): boolean {
	return /^(?:ssh\.)?dev\.azure\.com$|\.visualstudio\.com$/.test(hostname);
}

/** github.com, its ssh over port 443, and GitHub's own servers for one enterprise each. */
export function isGitHubHost(hostname: string): boolean {
	return (
		hostname === 'github.com' || hostname === 'ssh.github.com' || hostname.endsWith('.ghe.com')
	);
}

/** Where a service's pages are, of the host of its git. */
export function webHost(hostname: string): string {
	return hostname.replace(
		/^(?:alt)?ssh\.(?=(?:github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)$)/,
		'',
	);
}
