import * as z from 'zod/mini';
import { input } from './declare.ts';
import { duration, privateKey, webAddress } from './values.ts';

/** Where outputs go when nobody says otherwise. */
export const defaultOutputsDir = '.lockstep';

/** Inputs of every step. */
export const stepInputs = {
	'dry-run': input(z.boolean(), 'Do everything but write, and show what would be written.', {
		default: 'false',
	}),
	'log-level': input(z.enum(['debug', 'info', 'warn', 'error']), 'Least level that is shown.', {
		default: 'info',
	}),
	timeout: input(duration, 'Give up, with exit code 3, after this time: `90s`, `10m`, `72h`.', {
		default: '10m',
	}),
	'outputs-dir': input(
		z.string(),
		'Folder for the outputs, as `<step>.json` and `<step>.env`: in the workspace, or an absolute path to any other.',
		{ default: defaultOutputsDir },
	),
};

/** Inputs of every step that reaches a git repository. */
export const repositoryInputs = {
	repository: input(
		z.string(),
		'The repository: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file).',
		{ required: true },
	),
	branch: input(z.string(), 'Branch to write to.', {
		otherwise: "the repository's default branch",
	}),
	token: input(z.string(), 'Token that may write to the repository.', {
		secret: true,
		otherwise: "the CI's netrc",
	}),
	username: input(z.string(), 'User name that goes with the token.', {
		otherwise: 'what the forge takes: `x-access-token`, `oauth2`, `x-token-auth`',
	}),
	'app-id': input(
		z.string(),
		'GitHub App in place of `token`: its id or client id. A token is made for this repository alone, with the rights that the step needs.',
	),
	'app-private-key': input(
		z.string(),
		'Private key of the GitHub App: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it.',
		{ secret: true },
	),
	'ssh-key': input(privateKey('an SSH'), 'Private key for an ssh URL: its text.', { secret: true }),
	'ssh-known-hosts': input(
		z.string(),
		"Lines of a `known_hosts` file: the keys of the ssh server's host.",
	),
	'ca-certificate': input(
		z.string(),
		'Certificate authority of the server: a path, or the PEM text.',
	),
	'skip-verify': input(z.boolean(), "Do not check the server's certificate.", {
		default: 'false',
	}),
	forge: input(
		z.enum(['github', 'gitea', 'forgejo', 'gitlab', 'bitbucket', 'azure', 'git']),
		'What the server is, or `git` for no forge at all.',
		{ otherwise: 'found out from the URL and the CI' },
	),
	'api-url': input(webAddress, "The forge's API, such as `https://git.example.com/api/v1`.", {
		otherwise: 'found out from the URL and the CI',
	}),
	'author-name': input(z.string(), 'Author and committer of what is written.', {
		default: 'lockstep',
	}),
	'author-email': input(z.string(), "The author's e-mail address.", {
		default: 'lockstep@noreply.invalid',
	}),
	'signing-key': input(
		privateKey('an SSH or GPG'),
		'Private key, SSH or GPG, without a passphrase, that commits and tags are signed with: its text.',
		{ secret: true },
	),
};

/** Inputs of every step that reaches a Kubernetes cluster. */
export const clusterInputs = {
	kubeconfig: input(z.string(), 'The kubeconfig: a path, its text, or Base64 of it.', {
		secret: true,
		otherwise:
			'the file that the variable `KUBECONFIG` names, else the service account of the pod that the step runs in',
	}),
	context: input(z.string(), 'Context of the kubeconfig.', {
		otherwise: 'its current context',
	}),
	server: input(z.string(), 'Address of the API server, where there is no kubeconfig.'),
	'cluster-token': input(z.string(), 'Bearer token for `server`.', { secret: true }),
	'cluster-ca': input(
		z.string(),
		'Certificate authority of `server`: a path, the PEM text, or Base64 of it.',
	),
	'eks-cluster': input(
		z.string(),
		'Name of a cluster of Amazon EKS, with credentials from where AWS has them: the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, a web identity, the profile `AWS_PROFILE`, the role of the pod, the task or the instance. Its address is asked for, unless `server` and `cluster-ca` give it.',
	),
	region: input(z.string(), 'AWS region of `eks-cluster`.', {
		otherwise: "the variable `AWS_REGION` or `AWS_DEFAULT_REGION`, or the profile's",
	}),
	namespace: input(
		z
			.string()
			.check(
				z.regex(
					/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
					'the name of a namespace: at most 63 small letters, digits and -',
				),
			),
		'Namespace of what names none.',
		{ otherwise: "the context's, else `default`" },
	),
};
