import { Failure } from '../failure/failure.ts';
import type { Remote } from './remote.ts';

/** Why a server, or the way to it, did not do what git asked. */
export type RefusalKind =
	| 'protected-branch'
	| 'hook'
	| 'host-key'
	| 'ssh-key'
	| 'expired-certificate'
	| 'unknown-certificate'
	| 'missing-repository'
	| 'redirected'
	| 'no-write-access'
	| 'not-logged-in'
	| 'moved'
	| 'passing'
	| 'unknown';

interface Rule {
	readonly kind: RefusalKind;
	readonly pattern: RegExp;
	/** The sentence's beginning and what to do; the server's own words come between them. */
	readonly says: (
		remote: Remote,
		ref: string,
		writes: boolean,
	) => readonly [what: string, advice: string];
}

/** The first that fits decides: what a server says comes before what git makes of it. */
const rules: readonly Rule[] = [
	{
		kind: 'protected-branch',
		pattern:
			/protected branch|branch is protected|GH006|GH013|repository rule violations|TF402455|push code to protected/i,
		says: ({ url }, ref) => [
			`${ref} of ${url} is protected`,
			'use promotion-pr, which opens a pull request, or let this token push there',
		],
	},
	{
		kind: 'hook',
		pattern: /\(.*hook declined.*\)|hook declined/i,
		says: ({ url }, ref) => [
			`A hook of ${url} refuses the push to ${ref}`,
			'change what it objects to, or use promotion-pr if it guards the branch',
		],
	},
	{
		kind: 'host-key',
		pattern:
			/host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|no .* host key is known/i,
		says: ({ host }) => [
			`The ssh server ${host} shows a host key that is not known`,
			"give the server's own keys with ssh-known-hosts (ssh-keyscan, checked against what the host publishes)",
		],
	},
	{
		kind: 'ssh-key',
		pattern: /permission denied \((publickey|password|keyboard)|error in libcrypto|invalid format/i,
		says: ({ host }) => [
			`The ssh server ${host} does not take this key`,
			'give ssh-key a key without a passphrase that may write to the repository',
		],
	},
	{
		kind: 'expired-certificate',
		pattern: /certificate has expired|certificate is not yet valid/i,
		says: ({ host }) => [
			`The certificate of ${host} has expired`,
			'renew it on the server, or check the clock of this machine',
		],
	},
	{
		kind: 'unknown-certificate',
		pattern:
			/SSL certificate problem|server certificate verification failed|no alternative certificate subject name|certificate subject name/i,
		says: ({ host }) => [
			`The certificate of ${host} is not to be trusted`,
			"give the server's authority with ca-certificate, or check the address",
		],
	},
	{
		kind: 'no-write-access',
		pattern:
			/returned error: 403|write access to repository not granted|permission to .* denied|not allowed to push|read[- ]only|insufficient permission|deploy key/i,
		says: ({ url }, _, writes) => [
			`The credentials for ${url} may not do this`,
			writes
				? 'give a token that may write to the contents of that repository'
				: 'they are valid, but are not let in: give a token that may read that repository, and meets what its organization asks for (single sign-on, allowed addresses)',
		],
	},
	{
		kind: 'missing-repository',
		pattern:
			/repository '.*' not found|repository not found|returned error: 404|does not appear to be a git repository|project you were looking for could not be found|not found: did you run git update-server-info|Cannot find repository/i,
		says: ({ url }) => [
			`There is no repository at ${url}, or these credentials may not see it`,
			'check repository, and that the token reaches it',
		],
	},
	{
		kind: 'redirected',
		pattern: /returned error: 30[1278]/,
		says: ({ url }) => [
			`The server sends requests for ${url} on to another address, where a token is not sent`,
			'give the address that the repository has now',
		],
	},
	{
		kind: 'not-logged-in',
		pattern:
			/authentication failed|could not read (username|password)|returned error: 401|terminal prompts disabled|invalid username or/i,
		says: ({ url }) => [
			`The server does not take the credentials for ${url}`,
			'the token is wrong, has expired or was revoked, whether or not there is such a repository: give a valid one (and username where the server wants one)',
		],
	},
	{
		kind: 'moved',
		pattern: /\[rejected\] \((non-fast-forward|fetch first|stale info|already exists)\)/,
		says: ({ url }, ref) => [
			`${ref} of ${url} is not what it was a moment ago`,
			'run the step again',
		],
	},
	{
		kind: 'passing',
		pattern:
			/returned error: (429|5\d\d)|HTTP (429|5\d\d)|connection (was )?reset|connection refused|failed to connect|could(n't| not) connect|could not resolve host|timed? ?out|too slow|early EOF|unexpected disconnect|unexpected EOF|empty reply|closed by remote host|connection closed|hung up unexpectedly|transfer closed|RPC failed|invalid index-pack output|bad line length|remote end hung up|expected flush|protocol error|cannot lock ref|failed to update ref|failed to lock|shallow file has changed|internal server error|gnutls_|SSL_read|OpenSSL/i,
		says: ({ url }) => [
			`The server of ${url} does not answer as it should`,
			'run the step again once the server is well',
		],
	},
];

const unknownRule: Rule = {
	kind: 'unknown',
	pattern: /$/,
	says: ({ url }) => [`git cannot do this with ${url}`, 'see what the server says'],
};

/** In the place of `not-logged-in` where nobody tried to. */
const anonymousRule: Pick<Rule, 'says'> = {
	says: ({ url }) => [
		`The server wants credentials for ${url}, and none were given`,
		'give token; if it is a secret of the CI, see that this run gets it, as that of a pull request from a fork does not',
	],
};

/** What kind of refusal git's standard error and `--porcelain` output tell of. */
export function refusalKind(said: string): RefusalKind {
	return ruleFor(said).kind;
}

interface Question {
	/** What was to be written, in full or not; undefined where something was read. */
	readonly ref?: string | undefined;
	/** Nothing was given to log in with. */
	readonly isAnonymous?: boolean;
}

/** The failure for it: what, the server's own words, and what to do. */
export function refusal(
	said: string,
	remote: Remote,
	{ ref, isAnonymous = false }: Question = {},
): Failure {
	const found = ruleFor(said);
	const rule = found.kind === 'not-logged-in' && isAnonymous ? anonymousRule : found;
	const [what, advice] = rule.says(remote, shortRef(ref ?? 'the branch'), ref !== undefined);
	const words = serverWords(said);
	return new Failure(`${what}${words ? ` ("${words}")` : ''}; ${advice}`);
}

function ruleFor(said: string): Rule {
	return rules.find(({ pattern }) => pattern.test(said)) ?? unknownRule;
}

/** What the server said, in one line; where it said nothing, what git says of it. */
export function serverWords(said: string): string {
	const lines = said.split(/\r?\n|\r/).map((line) => line.trim());
	const remote = lines
		.filter((line) => /^remote: *\S/.test(line))
		.map((line) => line.replace(/^remote: */, ''))
		.filter((line) => !/^([-=*#\s]*|error: hook declined to update .*)$/.test(line));
	const rejected = lines
		.map((line) => /\[remote rejected\].*\((.*)\)/.exec(line)?.[1])
		.filter((line) => line !== undefined);
	const git = lines
		.filter((line) => /^(fatal|error|ssh|git@|.*: Permission denied|Host key)/i.test(line))
		.filter((line) => !isAskedFor.test(line))
		.map((line) => line.replace(/^(fatal|error): /, ''));
	const told = [...new Set(remote.length > 0 ? [...remote, ...rejected] : [...rejected, ...git])];
	const rest = lines.filter((line) => line !== '' && !isAskedFor.test(line));
	const text = (told.length > 0 ? told : rest).join(' ');
	return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

/** That git would have asked for a name is no word of the server's, and no news. */
const isAskedFor = /could not read (Username|Password) for .* terminal prompts disabled$/;

function shortRef(ref: string): string {
	return ref.replace(/^refs\/(heads|tags)\//, '');
}
