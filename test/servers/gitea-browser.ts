/** A person at Gitea's pages: for what its API does not do, which is to let a program in by OAuth. */
export class GiteaBrowser {
	readonly #url: string;
	readonly #user: { readonly name: string; readonly password: string };
	readonly #cookies = new Map<string, string>();

	constructor(url: string, user: { readonly name: string; readonly password: string }) {
		this.#url = url;
		this.#user = user;
	}

	/** Makes an OAuth application of the user's own. */
	async registerApplication(
		name: string,
		redirect: string,
	): Promise<{ id: string; secret: string }> {
		const { name: user, password } = this.#user;
		const basic = Buffer.from(`${user}:${password}`).toString('base64');
		const response = await fetch(`${this.#url}/api/v1/user/applications/oauth2`, {
			method: 'POST',
			headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
			body: JSON.stringify({ name, redirect_uris: [redirect], confidential_client: true }),
		});
		if (!response.ok) throw new Error(`Gitea takes no application: ${await response.text()}`);
		const made = (await response.json()) as { client_id: string; client_secret: string };
		return { id: made.client_id, secret: made.client_secret };
	}

	/** Logs in, opens a program's login page, and grants what it asks for. */
	async grant(loginPage: string): Promise<void> {
		const { name, password } = this.#user;
		await this.#open(`${this.#url}/user/login`, { user_name: name, password });
		const { url, text } = await this.#open(loginPage);
		const fields: Record<string, string> = { granted: 'true' };
		for (const [input] of text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
			const field = /name="([^"]*)"/.exec(input)?.[1];
			if (field) fields[field] = decode(/value="([^"]*)"/.exec(input)?.[1] ?? '');
		}
		const { status } = await this.#open(new URL('/login/oauth/grant', url).href, fields);
		if (status >= 400) throw new Error(`Gitea refuses the grant with ${status}`);
	}

	/** Opens a page, or posts a form to it, and follows where it leads, as a browser does. */
	async #open(
		address: string,
		form?: Readonly<Record<string, string>>,
	): Promise<{ url: string; status: number; text: string }> {
		let url = address;
		let body = form && new URLSearchParams(form).toString();
		for (let hops = 0; hops < 10; hops++) {
			const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
			const response = await fetch(url, {
				redirect: 'manual',
				headers: {
					cookie,
					...(body !== undefined && {
						'content-type': 'application/x-www-form-urlencoded',
						// Gitea takes a form from its own pages alone.
						origin: new URL(url).origin,
					}),
				},
				...(body !== undefined && { method: 'POST', body }),
			});
			for (const line of response.headers.getSetCookie()) {
				const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
				this.#cookies.set(name, value);
			}
			const next = response.headers.get('location');
			if (next === null) return { url, status: response.status, text: await response.text() };
			url = new URL(next, url).href;
			body = undefined;
		}
		throw new Error(`${address} leads round and round`);
	}
}

function decode(text: string): string {
	return text.replaceAll('&#34;', '"').replaceAll('&#43;', '+').replaceAll('&amp;', '&');
}
