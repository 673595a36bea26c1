import { at } from './objects.ts';
import { StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import type { Admission } from './writes.ts';

/** ResourceQuota, for the number of pods: a pod too many is refused with the server's words. */
export function podQuota(store: Store): Admission {
	return (kind, { metadata: { name, namespace } }) => {
		if (kind.kind !== 'Pod') return undefined;
		for (const quota of store.list('resourcequotas', namespace)) {
			const hard = at(quota, 'spec', 'hard', 'pods');
			const used = store.list('pods', namespace).length;
			if (hard === undefined || used < Number(hard)) continue;
			return StatusError.forbidden(
				`pods "${name}" is forbidden: exceeded quota: ${quota.metadata.name}, requested: pods=1, used: pods=${used}, limited: pods=${hard}`,
				{ name, kind: 'pods' },
			);
		}
		return undefined;
	};
}
