import { stringify } from 'yaml';

/** YAML as the pages show it. */
export function yaml(value: unknown): string {
	return stringify(value, { lineWidth: 0 });
}
