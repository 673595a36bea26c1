import { expect, test } from 'vitest';
import { refusal, refusalKind, serverWords } from '../../shared/git/refusal.ts';
import { parseRemote } from '../../shared/git/remote.ts';

const remote = parseRemote('https://git.example.com/acme/infra.git');

test.each([
	[
		'protected-branch',
		'remote: error: GH006: Protected branch update failed for refs/heads/main.\n!\tabc:refs/heads/main\t[remote rejected] (protected branch hook declined)',
	],
	[
		'protected-branch',
		'remote: error: GH013: Repository rule violations found for refs/heads/main.\n! [remote rejected] main -> main (push declined due to repository rule violations)',
	],
	[
		'protected-branch',
		'remote: Gitea: Not allowed to push to protected branch main\n!\ta:refs/heads/main\t[remote rejected] (pre-receive hook declined)',
	],
	[
		'protected-branch',
		'remote: GitLab: You are not allowed to push code to protected branches on this project.\n! [remote rejected] main -> main (pre-receive hook declined)',
	],
	[
		'hook',
		'remote: no tabs please\n!\ta:refs/heads/main\t[remote rejected] (pre-receive hook declined)',
	],
	[
		'no-write-access',
		"remote: Permission to acme/infra.git denied to bot.\nfatal: unable to access 'https://git.example.com/acme/infra.git/': The requested URL returned error: 403",
	],
	[
		'no-write-access',
		'remote: Write access to repository not granted.\nfatal: unable to access: The requested URL returned error: 403',
	],
	['no-write-access', 'ERROR: The key you are authenticating with has been marked as read only.'],
	[
		'missing-repository',
		"remote: Repository not found.\nfatal: repository 'https://git.example.com/acme/infra.git/' not found",
	],
	[
		'missing-repository',
		"fatal: '/srv/git/none.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
	],
	['not-logged-in', "fatal: Authentication failed for 'https://git.example.com/acme/infra.git/'"],
	[
		'not-logged-in',
		"fatal: could not read Username for 'https://git.example.com': terminal prompts disabled",
	],
	[
		'ssh-key',
		'git@git.example.com: Permission denied (publickey).\nfatal: Could not read from remote repository.',
	],
	['host-key', 'Host key verification failed.\nfatal: Could not read from remote repository.'],
	[
		'host-key',
		'No ED25519 host key is known for git.example.com and you have requested strict checking.\nHost key verification failed.',
	],
	[
		'expired-certificate',
		"fatal: unable to access 'https://git.example.com/': SSL certificate problem: certificate has expired",
	],
	[
		'unknown-certificate',
		"fatal: unable to access 'https://git.example.com/': SSL certificate problem: self-signed certificate in certificate chain",
	],
	[
		'unknown-certificate',
		'fatal: unable to access: server certificate verification failed. CAfile: none CRLfile: none',
	],
	['moved', '!\ta:refs/heads/main\t[rejected] (fetch first)\nerror: failed to push some refs'],
	['moved', '!\ta:refs/heads/x\t[rejected] (stale info)'],
	[
		'passing',
		"fatal: unable to access 'https://git.example.com/': The requested URL returned error: 503",
	],
	[
		'passing',
		"fatal: unable to access 'https://git.example.com/': The requested URL returned error: 429",
	],
	['passing', 'error: RPC failed; curl 56 Recv failure: Connection reset by peer'],
	['passing', 'fatal: unable to access: Could not resolve host: git.example.com'],
	['passing', 'fatal: unable to access: Operation too slow. Less than 1 bytes/sec transferred'],
	['passing', 'fetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF'],
	['unknown', 'fatal: something new'],
] as const)('%s: %s', (kind, said) => {
	expect(refusalKind(said)).toBe(kind);
});

test("a refusal quotes the server's own words and says what to do", () => {
	const said =
		'remote: \nremote: error: GH006: Protected branch update failed for refs/heads/main.        \nremote: error: At least 1 approving review is required.\nTo https://git.example.com/acme/infra.git\n!\ta:refs/heads/main\t[remote rejected] (protected branch hook declined)\nerror: failed to push some refs';
	expect(refusal(said, remote, { ref: 'refs/heads/main' }).message).toBe(
		'main of https://git.example.com/acme/infra.git is protected ("error: GH006: Protected branch update failed for refs/heads/main. error: At least 1 approving review is required. protected branch hook declined"); use promotion-pr, which opens a pull request, or let this token push there',
	);
});

const asking =
	"fatal: could not read Username for 'https://git.example.com': terminal prompts disabled";
test.each([
	[
		'a token that is not taken',
		asking,
		{},
		'The server does not take the credentials for https://git.example.com/acme/infra.git; the token is wrong, has expired or was revoked, whether',
	],
	[
		'no token',
		asking,
		{ isAnonymous: true },
		'wants credentials for https://git.example.com/acme/infra.git, and none were given; give token',
	],
	[
		'a token that is not let in',
		'remote: The acme organization has enabled SAML SSO.\nfatal: The requested URL returned error: 403',
		{},
		'may not do this ("The acme organization has enabled SAML SSO."); they are valid, but are not let in: give a token that may read',
	],
	[
		'a token that may not write',
		'fatal: The requested URL returned error: 403',
		{ ref: 'refs/heads/main' },
		'may not do this ("The requested URL returned error: 403"); give a token that may write',
	],
	[
		'a repository that is not there',
		'remote: Repository not found.',
		{},
		'There is no repository at https://git.example.com/acme/infra.git, or these credentials may not see it ("Repository not found."); check repository',
	],
])('%s is told apart from the others', (_, said, question, message) => {
	expect(refusal(said, remote, question).message).toContain(message);
});

test("where the server says nothing, git's own words are quoted", () => {
	expect(serverWords("fatal: unable to access 'x': Could not resolve host: h\n")).toBe(
		"unable to access 'x': Could not resolve host: h",
	);
});
