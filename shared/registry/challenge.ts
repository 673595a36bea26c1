/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1); names in lower case. */
export interface Challenge {
	scheme: string;
	parameters: Readonly<Record<string, string>>;
}

/** The challenges of a header, of which it may hold several. */
export function readChallenges(header: string | undefined): Challenge[] {
	const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
	const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
	const part = new RegExp(
		`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(${token})`,
		'g',
	);
	for (const [, name, quoted, plain, scheme] of (header ?? '').matchAll(part)) {
		if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: {} });
		const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
		const last = challenges.at(-1);
		if (name !== undefined && value !== undefined && last !== undefined)
			last.parameters[name.toLowerCase()] = value;
	}
	return challenges;
}

/** RFC 7617 */
export function basicAuthorization({
	username,
	password,
}: {
	username: string;
	password: string;
}): string {
	return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
