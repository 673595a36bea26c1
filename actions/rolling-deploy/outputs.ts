import { imageIdsOf, imagesOf } from '../../shared/kubernetes/images.ts';
import type { Leaver } from '../../shared/kubernetes/inventory.ts';
import { type KubernetesObject, titleOf } from '../../shared/kubernetes/object.ts';
import type { Planned } from '../../shared/kubernetes/plan.ts';
import type { Outcome } from '../../shared/kubernetes/wait.ts';

/** The images of the set, and what the pods of its new revisions run. */
export function imageOutputs(
	planned: readonly Planned[],
	outcomes: readonly Outcome[],
): { images?: string[]; imageIds?: string[] } {
	const images = new Set(planned.flatMap(({ desired }) => imagesOf(desired)));
	const ids = new Set(outcomes.flatMap(({ evidence }) => imageIdsOf(evidence.pods)));
	return {
		...(planned.length > 0 ? { images: [...images] } : {}),
		...(ids.size > 0 ? { imageIds: [...ids] } : {}),
	};
}

/** One object of the output `objects`. */
export function objectOutput(
	{ desired, live, manifest, change }: Planned,
	outcome: Outcome | undefined,
): Record<string, unknown> {
	const { namespace, name } = desired.metadata;
	const images = imagesOf(desired);
	const previousImages = live === undefined ? [] : imagesOf(live);
	return {
		apiVersion: desired.apiVersion,
		kind: desired.kind,
		...(namespace === undefined ? {} : { namespace }),
		name,
		file: manifest.place.file,
		line: manifest.place.line,
		change,
		...(images.length > 0 ? { images } : {}),
		...(previousImages.length > 0 ? { previousImages } : {}),
		...(outcome === undefined
			? {}
			: { state: outcome.state, seconds: Math.round(outcome.milliseconds / 100) / 10 }),
	};
}

/** The same of an object that left the set. */
export function prunedOutput(live: KubernetesObject): Record<string, unknown> {
	const { namespace, name } = live.metadata;
	const { apiVersion, kind } = live;
	return {
		apiVersion,
		kind,
		...(namespace === undefined ? {} : { namespace }),
		name,
		change: 'pruned',
	};
}

interface Row {
	planned: Planned;
	outcome: Outcome | undefined;
}

/** The page of the run: one line for each object. */
export function summaryTable(
	status: string,
	reason: string | undefined,
	rows: readonly Row[],
	leavers: readonly Leaver[] = [],
): string {
	const lines = rows.map(({ planned, outcome }) =>
		[
			titleOf(planned.desired),
			planned.change,
			imageChange(planned),
			outcome === undefined ? '' : outcome.state === 'ready' ? 'yes' : `no: ${outcome.state}`,
			outcome === undefined ? '' : (outcome.milliseconds / 1000).toFixed(1),
		].map(cell),
	);
	return [
		`### rolling-deploy: ${status}`,
		'',
		...(reason === undefined ? [] : [cell(reason), '']),
		'| Object | Change | Image | Ready | Seconds |',
		'| --- | --- | --- | --- | ---: |',
		...lines.map((cells) => `| ${cells.join(' | ')} |`),
		...leavers.map(({ live }) => `| ${cell(titleOf(live))} | pruned | | | |`),
	].join('\n');
}

/** `acme/web:1 → acme/web:2`; empty of what runs no image. */
export function imageChange({ desired, live }: Pick<Planned, 'desired' | 'live'>): string {
	const now = imagesOf(desired).join(', ');
	const before = live === undefined ? '' : imagesOf(live).join(', ');
	return before === '' || before === now ? now : `${before} → ${now}`;
}

/** Text in a table: nothing in it is taken for Markdown or HTML. */
function cell(text: string): string {
	return text
		.replace(/[\\`*_[\]|<>]/g, (sign) =>
			sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : `\\${sign}`,
		)
		.replace(/\s+/g, ' ');
}
