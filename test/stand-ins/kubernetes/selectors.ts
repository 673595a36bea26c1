import { at, type Json, type KubeObject } from './objects.ts';
import { StatusError } from './status-error.ts';

export type Matcher = (object: KubeObject) => boolean;

/** `labelSelector` of a request: `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b)`, joined by commas. */
export function labelMatcher(selector: string): Matcher {
	const tests = selector
		.split(/,(?![^(]*\))/)
		.filter((part) => part.trim() !== '')
		.map(labelTest);
	return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

function labelTest(part: string): (labels: Record<string, string>) => boolean {
	const text = part.trim();
	const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
	if (set !== null) {
		const [, key = '', operator, list = ''] = set;
		const values = list.split(',').map((value) => value.trim());
		return operator === 'in'
			? (labels) => labels[key] !== undefined && values.includes(labels[key])
			: (labels) => labels[key] === undefined || !values.includes(labels[key]);
	}
	const pair = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
	if (pair !== null) {
		const [, key = '', operator, value] = pair;
		return (labels) => (labels[key] === value) === (operator !== '!=');
	}
	const exists = /^(!?)\s*([^=!\s]+)$/.exec(text);
	if (exists === null) {
		throw StatusError.badRequest(`unable to parse requirement: found '${text}'`);
	}
	const [, not, key = ''] = exists;
	return (labels) => (labels[key] !== undefined) === (not === '');
}

/** `fieldSelector` of a request: `metadata.name=web,involvedObject.kind!=Pod`. */
export function fieldMatcher(selector: string): Matcher {
	const tests = selector
		.split(',')
		.filter((part) => part !== '')
		.map((part): Matcher => {
			const [, path = '', operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
			if (operator === undefined) {
				throw StatusError.badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
			}
			return (object) => {
				const found = at(object, ...path.split('.'));
				return (String(found ?? '') === value) === (operator !== '!=');
			};
		});
	return (object) => tests.every((test) => test(object));
}

/** A workload's `spec.selector` on labels. An empty selector matches nothing here: no workload has one. */
export function selects(selector: Json | undefined, labels: Record<string, string>): boolean {
	const wanted = Object.entries(at(selector, 'matchLabels') ?? {});
	const expressions = at(selector, 'matchExpressions');
	const list = Array.isArray(expressions) ? expressions : [];
	if (wanted.length + list.length === 0) return false;
	return (
		wanted.every(([key, value]) => labels[key] === value) &&
		list.every((expression) => {
			const value = labels[String(at(expression, 'key'))];
			const values = at(expression, 'values');
			const within = Array.isArray(values) && value !== undefined && values.includes(value);
			switch (at(expression, 'operator')) {
				case 'In':
					return within;
				case 'NotIn':
					return !within;
				case 'Exists':
					return value !== undefined;
				default:
					return value === undefined;
			}
		})
	);
}
