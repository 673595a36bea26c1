import type { Behaviour, ImageBehaviour } from './behaviour.ts';
import { parseImage } from './behaviour.ts';
import type { Clock } from './clock.ts';
import type { EventRecorder } from './events.ts';
import { at, type JsonObject, timestamp } from './objects.ts';
import type { ObjectsClient } from './objects-client.ts';
import type { PodLogs } from './pod-logs.ts';
import type { Container, Pod } from './workloads.ts';

export interface Surroundings {
	pod: Pod;
	clock: Clock;
	behaviour: Behaviour;
	objects: ObjectsClient;
	events: EventRecorder;
	logs: PodLogs;
	/** What the node has pulled already, by image name. */
	pulled: Map<string, ImageBehaviour>;
	alive: () => boolean;
	set: (container: string, status: JsonObject) => void;
}

type Runnable = Exclude<ImageBehaviour, { kind: 'missing' | 'config-error' }>;

const longestBackOff = 300;

/** Runs the containers of one pod as a kubelet does, with the states and events that it would write. */
export class ContainerRunner {
	readonly #in: Surroundings;

	constructor(surroundings: Surroundings) {
		this.#in = surroundings;
	}

	/**
	 * Runs one container until it ends for good or the pod is gone. A `ready` image serves for ever where
	 * the container `runs`, and ends well where it `ends`, as in a Job or as an init container.
	 * @returns whether it ended with 0.
	 */
	async run(
		container: Container,
		restartPolicy: string,
		purpose: 'runs' | 'ends',
	): Promise<boolean> {
		const { clock, alive } = this.#in;
		let lastState: JsonObject = {};
		for (let restartCount = 0; ; restartCount++) {
			const base = { restartCount, lastState };
			const image = await this.#prepare(container, base);
			if (image === undefined) return false;
			const startedAt = timestamp();
			const running = this.#start(container, image, base, startedAt);
			const end = endOf(image, purpose);
			if (end === undefined) {
				await this.#serve(container, image, running);
				return false;
			}
			// Without a probe a container counts as ready as soon as it runs, even one that is about to crash.
			if (container.readinessProbe === undefined && purpose === 'runs') {
				this.#set(container, { ...running, ready: true });
			}
			await clock.pause(end.after);
			if (!alive()) return false;
			const terminated = {
				exitCode: end.exitCode,
				reason: end.exitCode === 0 ? 'Completed' : 'Error',
				startedAt,
				finishedAt: timestamp(),
				containerID: `containerd://${this.#in.pod.metadata.uid}-${container.name}-${restartCount}`,
			};
			this.#set(container, {
				...running,
				ready: end.exitCode === 0 && purpose === 'ends',
				started: false,
				state: { terminated },
			});
			const again =
				restartPolicy === 'Always'
					? end.exitCode !== 0 || purpose === 'runs'
					: restartPolicy === 'OnFailure' && end.exitCode !== 0;
			if (!again) return end.exitCode === 0;
			lastState = { terminated };
			await clock.pause(0.2);
			if (restartCount > 0) await this.#backOff(container, running, lastState, restartCount);
			if (!alive()) return false;
		}
	}

	async #backOff(
		container: Container,
		running: JsonObject,
		lastState: JsonObject,
		restarts: number,
	) {
		const { clock, events, pod, alive } = this.#in;
		if (!alive()) return;
		const seconds = Math.min(longestBackOff, 10 * 2 ** (restarts - 1));
		const { name, namespace, uid } = pod.metadata;
		const message = `back-off ${goDuration(seconds)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
		this.#set(container, {
			...running,
			ready: false,
			started: false,
			lastState,
			state: { waiting: { reason: 'CrashLoopBackOff', message } },
		});
		events.record(
			pod,
			'Warning',
			'BackOff',
			`Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`,
			this.#path(container),
		);
		await clock.pause(seconds);
	}

	/** Pulls the image and looks up what the container's environment needs; tries again until both are there. */
	async #prepare(container: Container, base: JsonObject): Promise<Runnable | undefined> {
		const { clock, alive } = this.#in;
		const wait = (reason: string, message: string) =>
			this.#set(container, {
				...base,
				image: container.image,
				imageID: '',
				ready: false,
				started: false,
				state: { waiting: { reason, message } },
			});
		for (let attempt = 0; alive(); attempt++) {
			const image = await this.#pull(container);
			if (!alive()) return undefined;
			if ('reason' in image) {
				wait(image.reason, image.message);
				await clock.pause(2);
			} else if (image.kind === 'missing') {
				wait('ErrImagePull', image.message);
				await clock.pause(1);
				if (!alive()) return undefined;
				const message = `Back-off pulling image "${container.image}"`;
				wait('ImagePullBackOff', `${message}: ErrImagePull: ${image.message}`);
				this.#event(container, 'Normal', 'BackOff', message);
				this.#event(container, 'Warning', 'Failed', 'Error: ImagePullBackOff');
				await clock.pause(Math.min(longestBackOff, 10 * 2 ** attempt));
			} else {
				const problem =
					image.kind === 'config-error' ? image.message : this.#missingConfiguration(container);
				if (problem === undefined && image.kind !== 'config-error') return image;
				wait('CreateContainerConfigError', problem ?? '');
				this.#event(container, 'Warning', 'Failed', `Error: ${problem}`);
				await clock.pause(2);
			}
		}
		return undefined;
	}

	async #pull({
		image,
		...container
	}: Container): Promise<ImageBehaviour | { reason: string; message: string }> {
		const { pod, behaviour, pulled } = this.#in;
		const named = { ...container, image };
		if (parseImage(image) === undefined) {
			const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
			this.#event(named, 'Warning', 'InspectFailed', message);
			this.#event(named, 'Warning', 'Failed', 'Error: InvalidImageName');
			return { reason: 'InvalidImageName', message };
		}
		const present = pulled.get(image);
		if (container.imagePullPolicy !== 'Always' && present !== undefined) {
			const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
			this.#event(named, 'Normal', 'Pulled', message);
			return present;
		}
		if (container.imagePullPolicy === 'Never') {
			const message = `Container image "${image}" is not present with pull policy of Never`;
			this.#event(named, 'Warning', 'ErrImageNeverPull', message);
			this.#event(named, 'Warning', 'Failed', 'Error: ErrImageNeverPull');
			return { reason: 'ErrImageNeverPull', message };
		}
		this.#event(named, 'Normal', 'Pulling', `Pulling image "${image}"`);
		const found = await behaviour(image, pod);
		if (!this.#in.alive()) return found;
		if (found.kind === 'missing') {
			this.#event(named, 'Warning', 'Failed', `Failed to pull image "${image}": ${found.message}`);
			this.#event(named, 'Warning', 'Failed', 'Error: ErrImagePull');
			return found;
		}
		pulled.set(image, found);
		this.#event(
			named,
			'Normal',
			'Pulled',
			`Successfully pulled image "${image}" in 5ms (5ms including waiting). Image size: 1024 bytes.`,
		);
		return found;
	}

	#missingConfiguration({ env = [], envFrom = [] }: Container): string | undefined {
		const { objects, pod } = this.#in;
		const sources = [
			...env.flatMap((one) => [
				['ConfigMap', at(one, 'valueFrom', 'configMapKeyRef')] as const,
				['Secret', at(one, 'valueFrom', 'secretKeyRef')] as const,
			]),
			...envFrom.flatMap((one) => [
				['ConfigMap', at(one, 'configMapRef')] as const,
				['Secret', at(one, 'secretRef')] as const,
			]),
		];
		const { namespace } = pod.metadata;
		for (const [kind, source] of sources) {
			const name = at(source, 'name');
			if (typeof name !== 'string' || at(source, 'optional') === true) continue;
			const found = objects.get(kind, namespace, name);
			if (found === undefined) return `${kind.toLowerCase()} "${name}" not found`;
			const key = at(source, 'key');
			if (typeof key === 'string' && at(found, 'data', key) === undefined) {
				return `couldn't find key ${key} in ${kind} ${namespace}/${name}`;
			}
		}
		return undefined;
	}

	#start(container: Container, image: Runnable, base: JsonObject, startedAt: string): JsonObject {
		const { logs, pod } = this.#in;
		this.#event(container, 'Normal', 'Created', 'Container created');
		this.#event(container, 'Normal', 'Started', 'Container started');
		logs.start(pod, container.name, image.log ?? '');
		const running = {
			...base,
			image: container.image,
			imageID: image.imageID ?? imageIDOf(container.image),
			containerID: `containerd://${pod.metadata.uid}-${container.name}-${String(base.restartCount)}`,
			started: true,
			ready: false,
			state: { running: { startedAt } },
		};
		this.#set(container, running);
		return running;
	}

	async #serve(container: Container, image: Runnable, running: JsonObject): Promise<void> {
		const { clock, alive } = this.#in;
		if (image.kind === 'ready') {
			await clock.pause(image.after ?? 0.5);
			if (alive()) this.#set(container, { ...running, ready: true });
			return;
		}
		const failed =
			image.kind === 'never-ready' && image.probe !== undefined
				? image.probe
				: 'Readiness probe failed: HTTP probe failed with statuscode: 503';
		while (alive()) {
			this.#event(container, 'Warning', 'Unhealthy', failed);
			await clock.pause(10);
		}
	}

	#set({ name }: Container, status: JsonObject): void {
		if (this.#in.alive()) this.#in.set(name, { name, ...status });
	}

	#event(container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
		if (!this.#in.alive()) return;
		this.#in.events.record(this.#in.pod, type, reason, message, this.#path(container));
	}

	#path({ name }: Container): string {
		const inits = this.#in.pod.spec.initContainers ?? [];
		const list = inits.some((one) => one.name === name) ? 'initContainers' : 'containers';
		return `spec.${list}{${name}}`;
	}
}

/** When and how a run ends by itself; undefined when it does not. */
function endOf(image: Runnable, purpose: 'runs' | 'ends') {
	if (image.kind === 'exit' || image.kind === 'crash') {
		return { exitCode: image.exitCode, after: image.after ?? 0.5 };
	}
	return image.kind === 'ready' && purpose === 'ends'
		? { exitCode: 0, after: image.after ?? 0.5 }
		: undefined;
}

/** A digest that follows from the image's name, for behaviours that name none. */
function imageIDOf(image: string): string {
	const { host = '', repository = '', version = '', full = '' } = parseImage(image) ?? {};
	if (version.startsWith('sha256:')) return full;
	const digits = Buffer.from(full).toString('hex').padEnd(64, '0').slice(-64);
	return `${host}/${repository}@sha256:${digits}`;
}

/** `10s`, `1m20s`, `5m0s` */
function goDuration(seconds: number): string {
	return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
