type Secrets = Readonly<Record<string, string>>;
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Drone's variables for a step's `settings`: the name in capitals and otherwise as it is
 * (`dry-run` -> `PLUGIN_DRY-RUN`); `from_secret` at the top level alone, and no variable where the
 * secret does not exist; nothing for null.
 */
export function droneSettings(settings: Settings, secrets: Secrets): Record<string, string> {
	const variables: Record<string, string> = {};
	for (const [name, value] of Object.entries(settings)) {
		const secret = secretName(value);
		const text = secret === undefined ? textOf(value) : secrets[secret];
		if (text !== undefined) variables[`PLUGIN_${name.toUpperCase()}`] = text;
	}
	return variables;
}

/**
 * Woodpecker's: `.` and `-` become `_` (`dry-run` -> `PLUGIN_DRY_RUN`); `from_secret` at any depth.
 * @throws for a secret that does not exist, as Woodpecker refuses to start such a pipeline
 */
export function woodpeckerSettings(settings: Settings, secrets: Secrets): Record<string, string> {
	const variables: Record<string, string> = {};
	for (const [name, value] of Object.entries(settings)) {
		const text = textOf(withSecrets(value, secrets));
		const variable = `PLUGIN_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;
		if (text !== undefined) variables[variable] = text;
	}
	return variables;
}

/** Scalars as they are, lists of scalars joined by commas, everything else as JSON. */
function textOf(value: unknown): string | undefined {
	if (value === null || value === undefined) return undefined;
	if (typeof value !== 'object') return String(value);
	const isFlat = (item: unknown) => typeof item !== 'object' || item === null;
	if (Array.isArray(value) && value.every(isFlat)) return value.map((item) => item ?? '').join(',');
	return JSON.stringify(sorted(value));
}

/** Go writes the keys of a map in order. */
function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

export function secretName(value: unknown): string | undefined {
	if (typeof value !== 'object' || value === null) return undefined;
	const { from_secret: name } = value as { from_secret?: unknown };
	return typeof name === 'string' ? name : undefined;
}

function withSecrets(value: unknown, secrets: Secrets): unknown {
	const name = secretName(value);
	if (name !== undefined) {
		const secret = secrets[name];
		if (secret === undefined) throw new Error(`secret "${name}" not found`);
		return secret;
	}
	if (Array.isArray(value)) return value.map((item) => withSecrets(item, secrets));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, item]) => [key, withSecrets(item, secrets)]),
	);
}
