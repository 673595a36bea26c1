import { isRecord, type KubernetesObject } from '../../shared/kubernetes/object.ts';

/** Values shorter than this stand in too many other words to be blanked. */
const shortest = 6;

/** Keeps what a Secret holds out of everything that is written: a server's answer may quote it. */
export function protectSecret(secret: KubernetesObject, protect: (text: string) => void): void {
	for (const value of valuesOf(secret.stringData)) if (value.length >= shortest) protect(value);
	for (const value of valuesOf(secret.data)) {
		const decoded = Buffer.from(value, 'base64').toString('utf8');
		if (decoded.length < shortest) continue;
		protect(decoded);
		// Of bytes that are no text the Base64 form is another.
		protect(value);
	}
}

/** A number is one by mistake, and no less secret for it. */
function valuesOf(map: unknown): string[] {
	return Object.values(isRecord(map) ? map : {}).flatMap((value) =>
		typeof value === 'string' || typeof value === 'number' ? [String(value)] : [],
	);
}
