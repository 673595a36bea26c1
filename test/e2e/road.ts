import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The way to a server, which a test can break: it carries bytes, and knows nothing of them. */
export class Road {
	/** `https://127.0.0.1:PORT` */
	readonly url: string;
	/** Connections so far. */
	connections = 0;
	readonly #server: Server;
	readonly #open: Set<Socket>;
	#isBlocked = false;

	private constructor(server: Server, open: Set<Socket>) {
		this.#server = server;
		this.#open = open;
		this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
	}

	static async to(url: string): Promise<Road> {
		const { hostname, port } = new URL(url);
		const open = new Set<Socket>();
		const server = createServer((near) => {
			road.connections++;
			if (road.#isBlocked) {
				near.destroy();
				return;
			}
			const far = connect({ host: hostname, port: Number(port) });
			for (const [socket, other] of [
				[near, far],
				[far, near],
			] as const) {
				open.add(socket);
				socket.on('error', () => other.destroy());
				socket.once('close', () => {
					open.delete(socket);
					other.destroy();
				});
				socket.pipe(other);
			}
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const road = new Road(server, open);
		return road;
	}

	/** Breaks all connections that are open. */
	cut(): void {
		for (const socket of this.#open) socket.destroy();
	}

	/** Breaks all connections, and every new one for so long. */
	async block(ms: number): Promise<void> {
		this.#isBlocked = true;
		this.cut();
		await new Promise((resolve) => setTimeout(resolve, ms));
		this.#isBlocked = false;
	}

	close(): void {
		this.cut();
		this.#server.close();
	}
}
