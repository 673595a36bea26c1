import type { RunResult } from './host.ts';

/** Where the server finds how a card is drawn: an Adaptive Card's template. */
const schema =
	'https://raw.githubusercontent.com/lockstep-ci/lockstep/main/plugins/drone/card.json';

/** Longest value of an output that a card shows. */
const longest = 200;

/** What `plugins/drone/card.json` is filled with. */
export interface CardData {
	readonly step: string;
	readonly status: 'succeeded' | 'failed';
	readonly color: 'Good' | 'Attention';
	readonly summary: string;
	readonly outputs: readonly { readonly name: string; readonly value: string }[];
}

/** The data of a run's card. */
export function cardData({ step, succeeded, summary, outputs }: RunResult): CardData {
	return {
		step,
		status: succeeded ? 'succeeded' : 'failed',
		color: succeeded ? 'Good' : 'Attention',
		summary,
		outputs: [...outputs].map(([name, value]) => ({
			name,
			value: value.length > longest ? `${value.slice(0, longest - 1)}…` : value,
		})),
	};
}

/**
 * The line of the log that Drone's runner takes for a card. It has to be written at once: the
 * runner looks at each write on its own.
 * https://docs.drone.io/plugins/adaptive_cards/
 */
export function cardLine(data: CardData): string {
	const encoded = Buffer.from(JSON.stringify({ schema, data })).toString('base64');
	return `\x1b]1338;${encoded}\x1b]0m\n`;
}
