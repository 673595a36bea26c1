import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { badInput, Failure, messageOf } from '../failure/failure.ts';
import type { TlsOptions } from '../http/client.ts';
import { isRecord, readPath } from './object.ts';

/** What goes into a request's Authorization header; asked for ahead of every request. */
export interface Credentials {
	authorization?(): Promise<string>;
	/** The server refused what it was given: forget it. False where there is nothing newer. */
	renew?(): boolean;
}

/** A token that stays as it is. */
export function fixedToken(token: string): Credentials {
	return { authorization: async () => `Bearer ${token}` };
}

/**
 * A token in a file that something else keeps fresh; a pod's is renewed every hour.
 * @throws Failure (bad input) where it cannot be read now
 */
export async function tokenFromFile(
	file: string,
	protect: (secret: string) => void,
): Promise<Credentials> {
	const keptMs = 60_000;
	const read = async () => {
		const token = (await readFile(file, 'utf8')).trim();
		protect(token);
		return { value: `Bearer ${token}`, until: Date.now() + keptMs };
	};
	let kept: Awaited<ReturnType<typeof read>> | undefined = await read().catch((error: unknown) => {
		throw badInput(`The token file of the cluster cannot be read: ${messageOf(error)}`);
	});
	return {
		async authorization() {
			if (kept === undefined || kept.until < Date.now())
				kept = await read().catch((error: unknown) => {
					throw new Failure(`The token file of the cluster is gone: ${messageOf(error)}`);
				});
			return kept.value;
		},
		renew() {
			kept = undefined;
			return true;
		},
	};
}

/** `users[].user.exec` of a kubeconfig. */
interface ExecPlugin {
	apiVersion?: string;
	command?: string;
	args?: string[] | null;
	env?: { name: string; value: string }[] | null;
	installHint?: string;
	provideClusterInfo?: boolean;
	interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
}

interface ExecSurroundings {
	environment: Readonly<Record<string, string | undefined>>;
	folder: string;
	/** What a plugin that asks for it is told of the cluster. */
	cluster: object;
	protect: (secret: string) => void;
}

/**
 * Credentials from a program, as the clouds' kubeconfigs have them, by the protocol of
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/. It runs once
 * here, again when its token has expired or the server refuses it, and never asks.
 */
export async function execCredentials(
	plugin: ExecPlugin,
	around: ExecSurroundings,
): Promise<{ tls: TlsOptions; credentials: Credentials }> {
	const status = await runPlugin(plugin, around);
	const { clientCertificateData: cert, clientKeyData: key } = status;
	let kept: ExecStatus | undefined = status;
	const tls =
		typeof cert === 'string' && typeof key === 'string' ? { cert, key } : ({} satisfies TlsOptions);
	if (typeof status.token !== 'string') return { tls, credentials: {} };
	return {
		tls,
		credentials: {
			async authorization() {
				const expiry = kept?.expirationTimestamp;
				const spareMs = 30_000;
				if (kept === undefined || (expiry && Date.parse(expiry) - spareMs < Date.now()))
					kept = await runPlugin(plugin, around);
				return `Bearer ${kept.token ?? ''}`;
			},
			renew() {
				kept = undefined;
				return true;
			},
		},
	};
}

interface ExecStatus {
	token?: string;
	clientCertificateData?: string;
	clientKeyData?: string;
	expirationTimestamp?: string;
}

async function runPlugin(plugin: ExecPlugin, around: ExecSurroundings): Promise<ExecStatus> {
	const { command = '', args, env, installHint } = plugin;
	if (command === '') throw badInput("The kubeconfig's credential plugin has no command");
	if (plugin.interactiveMode === 'Always')
		throw badInput(
			`The kubeconfig's credential plugin "${command}" wants to ask a person, and there is none; use one that does not, or a token`,
		);
	const apiVersion = plugin.apiVersion ?? 'client.authentication.k8s.io/v1';
	const info = {
		apiVersion,
		kind: 'ExecCredential',
		spec: {
			interactive: false,
			...(plugin.provideClusterInfo ? { cluster: around.cluster } : {}),
		},
	};
	// A command with a slash is relative to the kubeconfig, as in client-go.
	const program = command.includes('/') ? resolve(around.folder, command) : command;
	let stdout: string;
	try {
		const running = promisify(execFile)(program, args ?? [], {
			env: {
				...around.environment,
				...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
				KUBERNETES_EXEC_INFO: JSON.stringify(info),
			},
			timeout: 60_000,
			maxBuffer: 1 << 20,
		});
		// Whoever reads an answer there finds none, instead of waiting for it.
		running.child.stdin?.end();
		({ stdout } = await running);
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
		const stderr = readPath(error, ['stderr']);
		if (missing)
			throw badInput(
				`The kubeconfig's credential plugin "${command}" is not on PATH${installHint ? `; ${installHint.trim()}` : ''}`,
			);
		const why =
			typeof stderr === 'string' && stderr.trim() !== ''
				? stderr.trim()
				: messageOf(error).split('\n')[0];
		throw new Failure(`The kubeconfig's credential plugin "${command}" failed: ${why}`, {
			cause: error,
		});
	}
	const status = parseStatus(stdout, command);
	for (const secret of [status.token, status.clientKeyData])
		if (typeof secret === 'string') around.protect(secret);
	return status;
}

function parseStatus(stdout: string, command: string): ExecStatus {
	try {
		const status = readPath(JSON.parse(stdout), ['status']);
		if (isRecord(status)) return status;
	} catch {
		// told below, without the text: it may hold the token
	}
	throw new Failure(
		`The kubeconfig's credential plugin "${command}" printed no ExecCredential with a status`,
	);
}
