/** The cluster's own time: its seconds may last a few milliseconds, so that a back-off does not hold up a test. */
export class Clock {
	readonly secondMs: number;
	readonly #timers = new Set<NodeJS.Timeout>();
	#stopped = false;

	constructor(secondMs: number) {
		this.secondMs = secondMs;
	}

	/** Calls back after so many of the cluster's seconds, unless the clock is stopped before. */
	after(seconds: number, callback: () => void): void {
		if (this.#stopped) return;
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			callback();
		}, seconds * this.secondMs);
		this.#timers.add(timer);
	}

	/** A pause. It never ends once the clock is stopped: what waits for it stops there. */
	pause(seconds: number): Promise<void> {
		return new Promise((resolve) => this.after(seconds, resolve));
	}

	stop(): void {
		this.#stopped = true;
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
	}
}
