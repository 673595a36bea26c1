import type { Behaviour } from './behaviour.ts';
import type { Clock } from './clock.ts';
import { ContainerRunner } from './container-runner.ts';
import { EventRecorder } from './events.ts';
import { at, type Json, type JsonObject, type KubeObject, timestamp } from './objects.ts';
import type { ObjectsClient } from './objects-client.ts';
import { PodLogs } from './pod-logs.ts';
import type { Store } from './store.ts';
import { type Condition, type Container, type Pod, withCondition } from './workloads.ts';

interface Node {
	client: ObjectsClient;
	clock: Clock;
	behaviour: Behaviour;
	cores: number;
}

let addresses = 0;

/** The scheduler and the kubelets of all nodes: walks each new pod from Pending to what becomes of it. */
export function startKubelet(store: Store, node: Node): { logs: PodLogs; stop: () => void } {
	const kubelet = new Kubelet(node);
	const stop = store.listen(({ resource, type, object, previous }) => {
		if (resource !== 'pods') return;
		const ends = object.metadata.deletionTimestamp !== undefined;
		if (type === 'ADDED') void kubelet.run(object as Pod);
		else if (type === 'MODIFIED' && ends && !previous?.metadata.deletionTimestamp) {
			kubelet.terminate(object as Pod);
		}
	});
	return { logs: kubelet.logs, stop };
}

class Kubelet {
	readonly #node: Node;
	readonly #objects: ObjectsClient;
	readonly #events: EventRecorder;
	readonly #scheduler: EventRecorder;
	readonly #pulled = new Map<string, Awaited<ReturnType<Behaviour>>>();
	readonly logs = new PodLogs();

	constructor(node: Node) {
		this.#node = node;
		this.#objects = node.client.as('kubelet');
		this.#events = new EventRecorder(node.client, 'kubelet');
		this.#scheduler = new EventRecorder(node.client, 'default-scheduler');
	}

	async run(created: Pod): Promise<void> {
		const { clock } = this.#node;
		// A moment later, as a scheduler that watches would come to it.
		await clock.pause(0.05);
		const pod = await this.#schedule(created);
		if (pod === undefined || !(await this.#mount(pod))) return;
		addresses = (addresses + 1) % 65_000;
		const podIP = `10.244.${addresses >> 8}.${addresses & 255}`;
		const started = timestamp();
		const statuses = new Map<string, JsonObject>();
		const { containers, initContainers = [], restartPolicy } = pod.spec;
		const publish = () => {
			const own = (list: Container[]) =>
				list.map(
					({ name, image }) => statuses.get(name) ?? notStarted(name, image, initContainers),
				);
			this.#publish(pod, own(initContainers), own(containers), {
				podIP,
				podIPs: [{ ip: podIP }],
				startTime: started,
			});
		};
		publish();
		const runner = new ContainerRunner({
			pod,
			clock,
			behaviour: this.#node.behaviour,
			objects: this.#objects,
			events: this.#events,
			logs: this.logs,
			pulled: this.#pulled,
			alive: () => this.#objects.current(pod)?.metadata.deletionTimestamp === undefined,
			set: (name, status) => {
				statuses.set(name, status);
				publish();
			},
		});
		for (const container of initContainers) {
			const isSidecar = container.restartPolicy === 'Always';
			if (isSidecar) void runner.run(container, 'Always', 'runs');
			else if (!(await runner.run(container, restartPolicy, 'ends'))) return;
		}
		const isJob = pod.metadata.ownerReferences?.some(({ kind }) => kind === 'Job') === true;
		for (const container of containers) {
			void runner.run(container, restartPolicy, isJob ? 'ends' : 'runs');
		}
	}

	/** Lets a pod go: its containers are stopped, and it is gone a moment later. */
	terminate(pod: Pod): void {
		for (const { name } of pod.spec.nodeName === undefined ? [] : pod.spec.containers) {
			const path = `spec.containers{${name}}`;
			this.#events.record(pod, 'Normal', 'Killing', `Stopping container ${name}`, path);
		}
		this.#node.clock.after(0.5, () => this.#objects.remove(pod));
	}

	/** Waits for a node that has room; undefined when the pod is gone before. */
	async #schedule(created: Pod): Promise<Pod | undefined> {
		for (;;) {
			const pod = this.#objects.current(created);
			if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
			if (pod.spec.nodeName !== undefined) return this.#scheduled(pod);
			const nodes = this.#objects.list('Node');
			const refusals = nodes.map((node) => refusal(pod, node, this.#node.cores));
			const fitting = nodes.filter((_, index) => refusals[index] === undefined);
			const node = fitting[Number(pod.metadata.resourceVersion) % Math.max(1, fitting.length)];
			if (node !== undefined) {
				const { name } = node.metadata;
				const where = `${pod.metadata.namespace}/${pod.metadata.name}`;
				this.#scheduler.record(
					pod,
					'Normal',
					'Scheduled',
					`Successfully assigned ${where} to ${name}`,
				);
				return this.#scheduled(
					this.#objects
						.as('kube-scheduler')
						.update({ ...pod, spec: { ...pod.spec, nodeName: name } }),
				);
			}
			const reasons = [...new Set(refusals)].map(
				(reason) => `${refusals.filter((other) => other === reason).length} ${reason}`,
			);
			const message = `0/${nodes.length} nodes are available: ${reasons.join(', ')}. preemption: 0/${nodes.length} nodes are available: ${nodes.length} Preemption is not helpful for scheduling.`;
			this.#scheduler.record(pod, 'Warning', 'FailedScheduling', message);
			this.#condition(pod, {
				type: 'PodScheduled',
				status: 'False',
				reason: 'Unschedulable',
				message,
			});
			await this.#node.clock.pause(5);
		}
	}

	#scheduled(pod: Pod): Pod {
		return this.#condition(pod, { type: 'PodScheduled', status: 'True' });
	}

	#condition(pod: Pod, condition: Condition): Pod {
		const conditions = withCondition(pod.status.conditions ?? [], condition, timestamp());
		return this.#objects.setStatus(pod, { ...pod.status, conditions });
	}

	/** Waits until the ConfigMaps, Secrets and claims of the pod's volumes are there. */
	async #mount(pod: Pod): Promise<boolean> {
		for (;;) {
			const current = this.#objects.current(pod);
			if (current === undefined || current.metadata.deletionTimestamp) return false;
			const missing = (pod.spec.volumes ?? [])
				.map((volume) => this.#missingSource(pod, volume))
				.find((message) => message !== undefined);
			if (missing === undefined) return true;
			this.#events.record(pod, 'Warning', 'FailedMount', missing);
			const { containers, initContainers = [] } = pod.spec;
			const waiting = (list: Container[]) =>
				list.map(({ name, image }) => notStarted(name, image, initContainers));
			this.#publish(pod, waiting(initContainers), waiting(containers), {});
			await this.#node.clock.pause(2);
		}
	}

	#missingSource(pod: Pod, volume: JsonObject): string | undefined {
		const sources: [string, Json | undefined, Json | undefined][] = [
			['ConfigMap', at(volume, 'configMap', 'name'), at(volume, 'configMap', 'optional')],
			['Secret', at(volume, 'secret', 'secretName'), at(volume, 'secret', 'optional')],
		];
		for (const [kind, name, optional] of sources) {
			if (typeof name !== 'string' || optional === true) continue;
			if (this.#objects.get(kind, pod.metadata.namespace, name) !== undefined) continue;
			return `MountVolume.SetUp failed for volume "${String(volume.name)}" : ${kind.toLowerCase()} "${name}" not found`;
		}
		return undefined;
	}

	#publish(
		created: Pod,
		initContainerStatuses: JsonObject[],
		containerStatuses: JsonObject[],
		more: JsonObject,
	): void {
		const pod = this.#objects.current(created);
		if (pod === undefined) return;
		const now = timestamp();
		const unready = containerStatuses
			.filter((status) => status.ready !== true)
			.map((status) => String(status.name));
		const initialized = initContainerStatuses.every(
			(status) => at(status, 'state', 'terminated', 'exitCode') === 0 || status.started === true,
		);
		const ended = (code: (exitCode: Json | undefined) => boolean) =>
			containerStatuses.every((status) => code(at(status, 'state', 'terminated', 'exitCode')));
		const stays = pod.spec.restartPolicy === 'Never';
		const phase = ended((exitCode) => exitCode === 0)
			? pod.spec.restartPolicy === 'Always'
				? 'Running'
				: 'Succeeded'
			: stays && ended((exitCode) => exitCode !== undefined)
				? 'Failed'
				: containerStatuses.some(
							(status) =>
								at(status, 'state', 'waiting') === undefined || Number(status.restartCount) > 0,
						)
					? 'Running'
					: 'Pending';
		const readiness: Pick<Condition, 'status' | 'reason' | 'message'> =
			phase === 'Succeeded'
				? { status: 'False', reason: 'PodCompleted' }
				: unready.length > 0
					? {
							status: 'False',
							reason: 'ContainersNotReady',
							message: `containers with unready status: [${unready.join(' ')}]`,
						}
					: { status: 'True' };
		const conditions: Condition[] = [
			{ type: 'PodReadyToStartContainers', status: more.podIP === undefined ? 'False' : 'True' },
			initialized
				? { type: 'Initialized', status: 'True' }
				: {
						type: 'Initialized',
						status: 'False',
						reason: 'ContainersNotInitialized',
						message: `containers with incomplete status: [${initContainerStatuses
							.filter((status) => at(status, 'state', 'terminated', 'exitCode') !== 0)
							.map((status) => String(status.name))
							.join(' ')}]`,
					},
			{ type: 'Ready', ...readiness },
			{ type: 'ContainersReady', ...readiness },
		];
		this.#objects.setStatus(pod, {
			...pod.status,
			...more,
			phase,
			hostIP: '127.0.0.1',
			hostIPs: [{ ip: '127.0.0.1' }],
			conditions: conditions.reduce(
				(list, condition) => withCondition(list, condition, now),
				pod.status.conditions ?? [],
			),
			...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
			containerStatuses,
		});
	}
}

function notStarted(name: string, image: string, initContainers: Container[]): JsonObject {
	const reason = initContainers.length > 0 ? 'PodInitializing' : 'ContainerCreating';
	return {
		name,
		image,
		imageID: '',
		ready: false,
		started: false,
		restartCount: 0,
		state: { waiting: { reason } },
		lastState: {},
	};
}

/** Why a node does not take the pod, or undefined when it does. */
function refusal(pod: Pod, node: KubeObject, cores: number): string | undefined {
	const labels = node.metadata.labels ?? {};
	if (at(node, 'spec', 'unschedulable') === true) return 'node(s) were unschedulable';
	const selector = Object.entries(pod.spec.nodeSelector ?? {});
	if (selector.some(([key, value]) => labels[key] !== value)) {
		return "node(s) didn't match Pod's node affinity/selector";
	}
	const asked = pod.spec.containers.reduce(
		(sum, { resources }) => sum + cpu(at(resources, 'requests', 'cpu')),
		0,
	);
	return asked > cores ? 'Insufficient cpu' : undefined;
}

function cpu(quantity: Json | undefined): number {
	const text = String(quantity ?? 0);
	return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
}
