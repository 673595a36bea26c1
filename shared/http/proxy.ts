import { BlockList, isIP } from 'node:net';
import { badInput } from '../failure/failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the variables name for a server, as git, curl and kubectl understand them: in
 * small letters or capitals, with `http://` where there is no scheme; undefined for none. Node
 * itself takes no address without a scheme, and of `NO_PROXY` neither networks nor subdomains.
 * @throws Failure (bad input) for a proxy that speaks something else
 */
export function proxyFor(server: URL, environment: Environment): string | undefined {
	const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
	const proxy = variableOf(variable, environment);
	if (proxy === undefined || isExcluded(server, variableOf('NO_PROXY', environment) ?? ''))
		return undefined;
	const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(proxy) ?? [];
	const url = scheme === undefined ? `http://${proxy}` : proxy;
	if (!isProxy(url))
		throw badInput(
			`The variable ${variable} names no proxy that can be used: it has to be http or https, and what is special in its login percent-encoded, or ${server.host} has to be in NO_PROXY`,
		);
	return url;
}

/** Whether it is the URL of a proxy that node speaks to. */
export function isProxy(text: string): boolean {
	if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
	const { username, password } = new URL(text);
	try {
		decodeURIComponent(username + password);
		return true;
	} catch {
		return false;
	}
}

function variableOf(variable: string, environment: Environment): string | undefined {
	const value = environment[variable.toLowerCase()]?.trim() || environment[variable]?.trim();
	return value === '' ? undefined : value;
}

/** By the rules of https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config. */
function isExcluded(server: URL, noProxy: string): boolean {
	const host = server.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
	const port = server.port || (server.protocol === 'https:' ? '443' : '80');
	return noProxy
		.toLowerCase()
		.split(/[\s,]+/)
		.filter((entry) => entry !== '')
		.some((entry) => {
			const [, name = entry, onPort] = /^([^:]+|\[.*\]):(\d+)$/.exec(entry) ?? [];
			if (onPort !== undefined && onPort !== port) return false;
			return covers(name.replace(/^\[(.*)\]$/, '$1'), host);
		});
}

function covers(name: string, host: string): boolean {
	if (name === '*' || name === host) return true;
	const [network = '', bits] = name.split('/');
	if (isIP(host) !== 0) return bits !== undefined && isWithin(host, network, Number(bits));
	const domain = name.replace(/^\*?\./, '');
	return host.endsWith(`.${domain}`);
}

function isWithin(address: string, network: string, bits: number): boolean {
	const family = isIP(network);
	if (family === 0 || family !== isIP(address) || !(bits <= (family === 4 ? 32 : 128)))
		return false;
	const type = family === 4 ? 'ipv4' : 'ipv6';
	const networks = new BlockList();
	networks.addSubnet(network, bits, type);
	return networks.check(address, type);
}
