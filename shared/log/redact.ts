/**
 * Keeps secrets out of everything that a step writes. A CI masks what it handed out
 * itself; a token that a step mints, or the Base64 form that git's header takes, is
 * masked by nobody else.
 */
export class Redactor {
	#secrets = new Set<string>();
	/** The longest first, so that a secret within a secret does not leave a tail behind. */
	#ordered: readonly string[] | undefined;

	/**
	 * Makes `secret` unreadable from now on, in plain, URL-encoded and Base64 form, and each
	 * line of it where it has several (CIs show a log line by line). Anything shorter than
	 * four characters is left alone: blanking it would blank half of the log.
	 */
	add(secret: string): void {
		const lines = secret.split(/\r?\n/).map((line) => line.trim());
		for (const part of new Set([secret, secret.trim(), ...lines])) {
			if (part.length < 4) continue;
			this.#secrets.add(part);
			this.#secrets.add(encodeURIComponent(part));
			const base64 = Buffer.from(part).toString('base64');
			this.#secrets.add(base64);
			this.#secrets.add(base64.replace(/=+$/, ''));
		}
		this.#ordered = undefined;
	}

	/** `text` with `***` in place of every secret. */
	redact(text: string): string {
		this.#ordered ??= [...this.#secrets].sort((a, b) => b.length - a.length);
		// No regular expression: one of all the lines of a long secret is too large for node.
		return this.#ordered.reduce(
			(rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, '***') : rest),
			text,
		);
	}
}
