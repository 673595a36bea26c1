import type { Kind } from './kinds.ts';
import { at, isObject, type Json, type JsonObject, sameJson } from './objects.ts';
import { selects } from './selectors.ts';
import { type StatusCause, StatusError } from './status-error.ts';

const types = {
	required: ['FieldValueRequired', 'Required value'],
	invalid: ['FieldValueInvalid', 'Invalid value'],
	unsupported: ['FieldValueNotSupported', 'Unsupported value'],
	forbidden: ['FieldValueForbidden', 'Forbidden'],
} as const;

function cause(type: keyof typeof types, field: string, detail: string, value?: Json): StatusCause {
	const [reason, title] = types[type];
	const shown = value === undefined ? title : `${title}: ${JSON.stringify(value)}`;
	return { reason, message: detail === '' ? shown : `${shown}: ${detail}`, field };
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelRule =
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainRule =
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** @throws StatusError 422 with one cause for each rule that the object breaks, alone or beside the stored one. */
export function validate(kind: Kind, object: JsonObject, stored: JsonObject | undefined): void {
	const causes = [
		...nameCauses(kind, object),
		...(rules[kind.kind]?.(object) ?? []),
		...(stored === undefined ? [] : (changeRules[kind.kind]?.(object, stored) ?? [])),
	];
	if (kind.custom || causes.length === 0) return;
	throw StatusError.invalid(kind.kind, kind.group, String(at(object, 'metadata', 'name')), causes);
}

function nameCauses({ kind }: Kind, object: JsonObject): StatusCause[] {
	const name = String(at(object, 'metadata', 'name') ?? '');
	if (kind.includes('Role')) return [];
	if (name === '') {
		return [cause('required', 'metadata.name', 'name or generateName is required')];
	}
	const label = kind === 'Service' || kind === 'Namespace';
	if ((label ? dnsLabel : dnsSubdomain).test(name)) return [];
	return [cause('invalid', 'metadata.name', label ? labelRule : subdomainRule, name)];
}

const rules: Record<string, (object: JsonObject) => StatusCause[]> = {
	Deployment: (object) => {
		const strategy = at(object, 'spec', 'strategy');
		if (at(strategy, 'type') !== 'Recreate' || at(strategy, 'rollingUpdate') === undefined) {
			return workload(object);
		}
		const detail = "may not be specified when strategy `type` is 'Recreate'";
		return [...workload(object), cause('forbidden', 'spec.strategy.rollingUpdate', detail)];
	},
	ReplicaSet: workload,
	StatefulSet: workload,
	DaemonSet: workload,
	Job: (object) => [
		...podTemplate(at(object, 'spec', 'template'), 'spec.template'),
		...(at(object, 'spec', 'template', 'spec', 'restartPolicy') === 'Always'
			? [
					cause(
						'required',
						'spec.template.spec.restartPolicy',
						'valid values: "OnFailure", "Never"',
					),
				]
			: []),
	],
	Pod: (object) => podSpec(at(object, 'spec'), 'spec'),
	Service: (object) => {
		const spec = object.spec;
		const headless = at(spec, 'clusterIP') === 'None' || at(spec, 'type') === 'ExternalName';
		const ports = at(spec, 'ports');
		if (!Array.isArray(ports) || ports.length === 0) {
			return headless ? [] : [cause('required', 'spec.ports', '')];
		}
		if (ports.length === 1) return [];
		return ports.flatMap((port, index) =>
			at(port, 'name') ? [] : [cause('required', `spec.ports[${index}].name`, '')],
		);
	},
	Ingress: (object) =>
		items(at(object, 'spec', 'rules')).flatMap((rule, r) =>
			items(at(rule, 'http', 'paths')).flatMap((path, p) => {
				const field = `spec.rules[${r}].http.paths[${p}]`;
				return [
					...(at(path, 'pathType') === undefined
						? [cause('required', `${field}.pathType`, 'pathType must be specified')]
						: []),
					...(at(path, 'backend', 'service', 'name') || at(path, 'backend', 'resource')
						? []
						: [cause('required', `${field}.backend`, '')]),
				];
			}),
		),
};

function workload(object: JsonObject): StatusCause[] {
	const spec = object.spec;
	const selector = at(spec, 'selector');
	const labels = at(spec, 'template', 'metadata', 'labels') ?? null;
	const causes: StatusCause[] = [];
	if (selector === undefined) {
		causes.push(cause('required', 'spec.selector', ''));
	}
	if (!selects(selector, (labels ?? {}) as Record<string, string>)) {
		const detail = '`selector` does not match template `labels`';
		causes.push(cause('invalid', 'spec.template.metadata.labels', detail, labels));
	}
	if (Number(at(spec, 'replicas') ?? 0) < 0) {
		const detail = 'must be greater than or equal to 0';
		causes.push(cause('invalid', 'spec.replicas', detail, at(spec, 'replicas') ?? null));
	}
	return [...causes, ...podTemplate(at(spec, 'template'), 'spec.template')];
}

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc'];

function podTemplate(template: Json | undefined, field: string): StatusCause[] {
	return podSpec(at(template, 'spec'), `${field}.spec`);
}

function podSpec(spec: Json | undefined, field: string): StatusCause[] {
	const containers = items(at(spec, 'containers'));
	if (containers.length === 0) return [cause('required', `${field}.containers`, '')];
	const volumes = items(at(spec, 'volumes')).map((volume) => at(volume, 'name'));
	return ['initContainers', 'containers'].flatMap((list) =>
		items(at(spec, list)).flatMap((container, index) => {
			const own = `${field}.${list}[${index}]`;
			const name = at(container, 'name');
			const image = at(container, 'image');
			const causes: StatusCause[] = [];
			if (!name) causes.push(cause('required', `${own}.name`, ''));
			else if (!dnsLabel.test(String(name))) {
				causes.push(cause('invalid', `${own}.name`, labelRule, name));
			}
			if (!image) causes.push(cause('required', `${own}.image`, ''));
			for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
				for (const handler of ['httpGet', 'tcpSocket']) {
					const target = at(container, probe, handler);
					if (target === undefined || at(target, 'port') !== undefined) continue;
					const range = 'must be between 1 and 65535, inclusive';
					causes.push(cause('invalid', `${own}.${probe}.${handler}.port`, range, 0));
				}
				const [, ...more] = handlers.filter((handler) => at(container, probe, handler));
				const detail = 'may not specify more than 1 handler type';
				for (const handler of more) {
					causes.push(cause('forbidden', `${own}.${probe}.${handler}`, detail));
				}
			}
			items(at(container, 'volumeMounts')).forEach((mount, m) => {
				const volume = at(mount, 'name') ?? '';
				if (volumes.includes(volume)) return;
				causes.push({
					reason: 'FieldValueNotFound',
					message: `Not found: ${JSON.stringify(volume)}`,
					field: `${own}.volumeMounts[${m}].name`,
				});
			});
			return causes;
		}),
	);
}

const immutable = 'field is immutable';

const changeRules: Record<string, (now: JsonObject, was: JsonObject) => StatusCause[]> = {
	Deployment: (now, was) => unchanged(now, was, ['selector']),
	ReplicaSet: (now, was) => unchanged(now, was, ['selector']),
	DaemonSet: (now, was) => unchanged(now, was, ['selector']),
	Job: (now, was) => unchanged(now, was, ['selector', 'completions', 'template']),
	StatefulSet: (now, was) => {
		const free = [
			'replicas',
			'ordinals',
			'template',
			'updateStrategy',
			'revisionHistoryLimit',
			'persistentVolumeClaimRetentionPolicy',
			'minReadySeconds',
		];
		const rest = (object: JsonObject) =>
			Object.entries(isObject(object.spec) ? object.spec : {}).filter(
				([field]) => !free.includes(field),
			);
		if (sameJson(Object.fromEntries(rest(now)), Object.fromEntries(rest(was)))) return [];
		const named = free.map((field) => `'${field}'`);
		const last = named.pop();
		const detail = `updates to statefulset spec for fields other than ${named.join(', ')} and ${last} are forbidden`;
		return [cause('forbidden', 'spec', detail)];
	},
	Service: (now, was) => {
		const ip = at(was, 'spec', 'clusterIP');
		if (!ip || at(was, 'spec', 'type') === 'ExternalName') return [];
		return at(now, 'spec', 'clusterIP') === ip
			? []
			: [
					cause('invalid', 'spec.clusterIPs[0]', 'may not change once set', [
						at(now, 'spec', 'clusterIP') ?? '',
					]),
				];
	},
	ConfigMap: frozenData,
	Secret: (now, was) => [
		...frozenData(now, was),
		...(now.type === was.type ? [] : [cause('invalid', 'type', immutable, now.type ?? '')]),
	],
	PersistentVolumeClaim: (now, was) => {
		const fixed = (object: JsonObject) => {
			const { resources: _, ...rest } = isObject(object.spec) ? object.spec : {};
			return rest;
		};
		return sameJson(fixed(now), fixed(was))
			? []
			: [
					cause(
						'forbidden',
						'spec',
						'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
					),
				];
	},
	RoleBinding: sameRole,
	ClusterRoleBinding: sameRole,
};

function unchanged(now: JsonObject, was: JsonObject, fields: string[]): StatusCause[] {
	return fields
		.filter((field) => !sameJson(at(now, 'spec', field), at(was, 'spec', field)))
		.map((field) => cause('invalid', `spec.${field}`, immutable, at(now, 'spec', field) ?? null));
}

function frozenData(now: JsonObject, was: JsonObject): StatusCause[] {
	if (was.immutable !== true) return [];
	const detail = 'field is immutable when `immutable` is set';
	return ['immutable', 'data', 'binaryData']
		.filter((field) => !sameJson(now[field], was[field]))
		.map((field) => cause('forbidden', field, detail));
}

function sameRole(now: JsonObject, was: JsonObject): StatusCause[] {
	return sameJson(now.roleRef, was.roleRef)
		? []
		: [cause('invalid', 'roleRef', 'cannot change roleRef', now.roleRef ?? null)];
}

function items(list: Json | undefined): Json[] {
	return Array.isArray(list) ? list : [];
}
