import { StatusError } from './status-error.ts';

/** What a request wants to do, in the terms of Kubernetes' authorization. */
export interface Attributes {
	verb: string;
	group: string;
	/** With its subresource: `deployments`, `pods/log`. */
	resource: string;
	namespace?: string;
	name?: string;
}

/** A rule as in a Role; `namespaces` limits it as a RoleBinding would. `*` stands for all. */
export interface Rule {
	apiGroups: string[];
	resources: string[];
	verbs: string[];
	namespaces?: string[];
}

export interface User {
	/** Such as `system:serviceaccount:ci:deployer`. */
	name: string;
	/** Without rules the user may do everything. */
	rules?: Rule[];
}

export function isAllowed(user: User, { verb, group, resource, namespace }: Attributes): boolean {
	const includes = (list: string[], value: string) => list.includes('*') || list.includes(value);
	return (
		user.rules === undefined ||
		user.rules.some(
			(rule) =>
				includes(rule.apiGroups, group) &&
				includes(rule.resources, resource) &&
				includes(rule.verbs, verb) &&
				(rule.namespaces === undefined || rule.namespaces.includes(namespace ?? '')),
		)
	);
}

export function forbidden(user: User, attributes: Attributes): StatusError {
	const { verb, group, resource, namespace, name = '' } = attributes;
	const [plural = '', ...rest] = resource.split('/');
	const what = [group === '' ? plural : `${plural}.${group}`, ...rest].join('/');
	const object = name === '' ? '' : ` "${name}"`;
	const where =
		namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
	return StatusError.forbidden(
		`${what}${object} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
		{ ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
	);
}
