import { at } from './objects.ts';
import { StatusError } from './status-error.ts';
import type { Pod } from './workloads.ts';

/** What containers have written: of the present run and of the one before. */
export class PodLogs {
	readonly #runs = new Map<string, string[]>();

	/** A new run of a container starts with this output. */
	start(pod: Pod, container: string, text: string): void {
		const key = `${pod.metadata.uid}/${container}`;
		this.#runs.set(key, [text, ...(this.#runs.get(key) ?? [])].slice(0, 2));
	}

	/**
	 * What `pods/NAME/log` answers: `container`, `previous`, `tailLines`, `limitBytes`.
	 * @throws StatusError 400 when the container is not named, or has not run.
	 */
	read(pod: Pod, query: URLSearchParams): string {
		const { name } = pod.metadata;
		const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
		const [only, ...more] = pod.spec.containers.map((container) => container.name);
		const wanted = query.get('container') || (more.length === 0 ? only : undefined);
		if (wanted === undefined) {
			throw StatusError.badRequest(
				`a container name must be specified for pod ${name}, choose one of: [${[only, ...more].join(' ')}]`,
			);
		}
		if (!all.some((container) => container.name === wanted)) {
			throw StatusError.badRequest(`container ${wanted} is not valid for pod ${name}`);
		}
		const runs = this.#runs.get(`${pod.metadata.uid}/${wanted}`) ?? [];
		const text = runs[query.get('previous') === 'true' ? 1 : 0];
		if (text === undefined && query.get('previous') === 'true') {
			throw StatusError.badRequest(
				`previous terminated container "${wanted}" in pod "${name}" not found`,
			);
		}
		if (text === undefined) throw StatusError.badRequest(waitingMessage(pod, wanted));
		const lines = text
			.split('\n')
			.filter((line, index, list) => line !== '' || index < list.length - 1);
		const tail = query.get('tailLines');
		const kept = tail === null ? lines : lines.slice(Math.max(0, lines.length - Number(tail)));
		const output = kept.map((line) => `${line}\n`).join('');
		const limit = query.get('limitBytes');
		return limit === null ? output : output.slice(0, Number(limit));
	}
}

function waitingMessage(pod: Pod, container: string): string {
	const status = pod.status.containerStatuses?.find((one) => one.name === container);
	const reason = String(at(status, 'state', 'waiting', 'reason') ?? 'ContainerCreating');
	const why = ['ErrImagePull', 'ImagePullBackOff'].includes(reason)
		? reason === 'ErrImagePull'
			? "image can't be pulled"
			: 'trying and failing to pull image'
		: reason;
	return `container "${container}" in pod "${pod.metadata.name}" is waiting to start: ${why}`;
}
