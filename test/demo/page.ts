import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { StepResult } from '../engines/pipeline.ts';
import type { Run } from './ci-server.ts';
import { cis } from './flow.ts';
import { Html, html } from './html.ts';
import { picture } from './picture.ts';
import type { Act } from './play.ts';
import { type EnvironmentResult, eventTitle, type FlowResult, shortId, wayOf } from './result.ts';

const marks = { success: '✓', failure: '✗', skipped: '·' };

/** The page of a played flow: one file that needs nothing else. */
export async function pageOf(result: FlowResult): Promise<string> {
	const style = await readFile(join(import.meta.dirname, 'page.css'), 'utf8');
	const { environments, acts, tags, problem, seconds } = result;
	return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From a push to production</title>
<style>${new Html(style)}</style>
<h1>From a push to production</h1>
<p>Four repositories, three clusters, one image: played in ${seconds.toFixed(0)} s.
<span class="verdict ${problem === undefined ? '' : 'bad'}">${problem ?? 'All is as it has to be.'}</span></p>
<div class="panel">${picture(result)}</div>
<h2>What runs where</h2>
<div class="panel"><table>
<tr><th>environment</th><th>image</th><th>digest</th><th>built from</th><th>brought by</th></tr>
${environments.map(environmentRow)}
</table></div>
<h2>What the application's tags tell</h2>
<p>Written by <code>tag-source</code> on the commits that were baked and deployed.</p>
<div class="panel"><table>
<tr><th>tag</th><th>on</th></tr>
${tags.map(tagRow)}
</table></div>
${acts.map(actSection)}
</html>
`.text;
}

function environmentRow(one: EnvironmentResult): Html {
	const digest = one.imageId.split('@')[1] ?? one.imageId;
	return html`<tr><td>${one.name}</td><td><code>${one.image}</code></td>
<td><code title="${one.imageId}">${digest.slice(0, 19)}</code></td>
<td><code title="${one.commit}">${shortId(one.commit)}</code></td><td>${wayOf(one)}</td></tr>`;
}

function tagRow({ name, commit }: FlowResult['tags'][number]): Html {
	return html`<tr><td><code>${name}</code></td><td><code title="${commit}">${shortId(commit)}</code></td></tr>`;
}

function actSection({ title, story, checks, runs }: Act): Html {
	return html`<section><h2>${title}</h2><p>${story}</p>
${runs.map(runDetails)}
<ul class="checks">${checks.map((check) => html`<li>${check}</li>`)}</ul></section>`;
}

function runDetails(run: Run): Html {
	const { repository, ci, number, event, result, seconds } = run;
	return html`<details class="${result.status}"><summary><span class="mark">${marks[result.status]}</span>
<strong>${repository}</strong> ${eventTitle(run)}
<span class="soft">${shortId(event.commit)} · ${cis[ci].title} run ${number} · ${seconds.toFixed(1)} s</span></summary>
${result.steps.map(stepDetails)}
</details>`;
}

function stepDetails({ name, uses, status, exitCode, log }: StepResult): Html {
	const code = exitCode === undefined || exitCode === 0 ? '' : `, exit code ${exitCode}`;
	const title = html`<span class="mark">${marks[status]}</span>${name}
<span class="soft">${uses === name ? '' : uses}${code}</span>`;
	if (log.trim() === '')
		return html`<details class="${status}"><summary>${title}</summary></details>`;
	return html`<details class="${status}"><summary>${title}</summary><pre>${stripVTControlCharacters(log)}</pre></details>`;
}
