import type { EnvironmentName } from './flow.ts';
import { type Html, html } from './html.ts';
import { type FlowResult, shortId } from './result.ts';

const height = 92;
const rows: readonly { name: EnvironmentName; title: string; y: number }[] = [
	{ name: 'staging', title: 'staging', y: 20 },
	{ name: 'qa', title: 'QA', y: 164 },
	{ name: 'production', title: 'production', y: 308 },
];

/** The flow as a drawing: repositories in the middle, what runs on the right, how it came there. */
export function picture({ environments, pullRequests, acts }: FlowResult): Html {
	const of = (name: EnvironmentName) => environments.find((one) => one.name === name);
	const pull = pullRequests.find(({ merged }) => merged);
	const failed = acts
		.flatMap(({ runs }) => runs)
		.find(({ repository, result }) => repository === 'infra-qa' && result.status === 'failure');
	const brokenVersion = / to (\S+)$/m.exec(failed?.event.message ?? '')?.[1];
	return html`<svg viewBox="0 0 1080 420" role="img" aria-label="How a change goes from the application over three infra repositories to its environments">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
${box(20, 164, 'application', of('qa') ? `commit ${shortId(of('qa')?.commit ?? '')}` : '', 'repository')}
${rows.map(({ name, title, y }) => {
	const found = of(name);
	const commit = found ? `commit ${shortId(found.infraCommit)}` : 'as it began';
	return html`${box(440, y, `infra-${name}`, commit, 'repository')}
${box(840, y, title, found?.version ?? 'nothing', 'environment')}
<path class="way" d="M660 ${y + height / 2}H832"/><text class="note" x="746" y="${y + 36}">rolling-deploy</text>`;
})}
<path class="way" d="M240 196C330 196 330 66 432 66"/><text class="note" x="296" y="104">push to a branch</text>
<path class="way" d="M240 210H432"/><text class="note" x="330" y="202">tag ${of('qa')?.version}</text>
<path class="way asks" d="M950 256V282H550V300"/><text class="note" x="750" y="276">after a healthy rollout: pull request ${pull?.number}</text>
${
	brokenVersion !== undefined
		? html`<path class="way back" d="M500 164C500 136 596 136 596 158"/><text class="note back" x="720" y="146">${brokenVersion} fails, and is taken back</text>`
		: undefined
}
</svg>`;
}

function box(x: number, y: number, title: string, detail: string, kind: string): Html {
	return html`<g class="${kind}"><rect x="${x}" y="${y}" width="220" height="${height}" rx="10"/>
<text class="title" x="${x + 110}" y="${y + 40}">${title}</text><text class="detail" x="${x + 110}" y="${y + 66}">${detail}</text></g>`;
}
