import * as z from 'zod/mini';
import { badInput } from '../../shared/failure/failure.ts';
import { inertMarkdown } from '../../shared/forge/markdown.ts';
import { commitToBranch, type Edited, type Snapshot } from '../../shared/git/commit-to-branch.ts';
import type { FileChange } from '../../shared/git/objects.ts';
import { repositoryPath } from '../../shared/git/tree.ts';
import { isRepository } from '../../shared/image/reference.ts';
import {
	concerns,
	describeHold,
	type Hold,
	heldThing,
	isOver,
	type Marker,
	parseHold,
	placeHold,
	type Subject,
} from '../../shared/record/hold.ts';
import { withTrailers } from '../../shared/record/record.ts';
import { contentRights, readRights } from '../../shared/step/app-token.ts';
import { bumpInputs } from '../../shared/step/bump-inputs.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { defineStep, type InputValues, input, output } from '../../shared/step/declare.ts';
import { endOf, holdMessage, readMarkers } from '../../shared/step/hold.ts';
import { openFrom } from '../../shared/step/repository.ts';
import {
	type VerifiedWriter,
	verifiedInput,
	verifiedOutput,
	verifiedWriter,
} from '../../shared/step/verified.ts';

const ownInputs = {
	image: input(z.string(), 'Image to hold, without tag: `ghcr.io/acme/api`.'),
	file: input(z.string(), 'File to hold, from the top of the repository: nothing in it is bumped.'),
	reason: input(z.string(), 'Why it is held, for everybody whom the hold stops; sets the hold.', {
		filled: true,
	}),
	until: input(
		z.string(),
		'When the hold ends by itself: a time (`2026-03-01T12:00:00Z`), or a duration from now (`2h`).',
		{ otherwise: 'never' },
	),
	lift: input(z.boolean(), 'Lift the hold; `reason` then says why, in the commit.', {
		default: 'false',
	}),
	...verifiedInput,
	'push-timeout': bumpInputs['push-timeout'],
};

type OwnValues = InputValues<typeof ownInputs>;

/** The holds that stand afterwards, and how the branch comes to that. */
interface HoldEdit extends Edited {
	readonly standing: readonly Hold[];
}

export const step = defineStep({
	name: 'hold',
	title: 'Keep an image or a file as it is in a branch, until the hold is lifted',
	text: `Sets, shows or lifts a hold. As long as an image (or a file) is held in a branch, \`bump-image\`
and \`promotion-pr\` change nothing of it there: they end with exit code 0 and \`held\`, and say who
holds it and why. \`rollback\` leaves a hold, so that what it took back does not come again by itself.

With \`reason\` the hold is set, with \`lift\` it is lifted, and with neither it is shown; without
\`image\` and \`file\` all holds of the branch are shown. To set one that stands already, or to lift
one that does not, changes nothing. \`until\` as a duration counts from when the hold was set: the
same again does not prolong it.

A hold is a file in the branch itself, \`.lockstep-holds/<name>.json\`, with \`image\` or \`file\`,
\`reason\`, \`until\` and \`by\`: set and lifted by a commit, and by hand too.`,
	branding: { icon: 'pause-circle', color: 'orange' },
	inputs: { ...ownInputs, ...repositoryInputs, ...stepInputs },
	outputs: {
		held: output(z.boolean(), 'Whether the image or file is held now.'),
		reason: output(z.string(), 'Why it is held.'),
		until: output(z.string(), 'When the hold ends by itself, ISO 8601.'),
		by: output(z.string(), 'Who set the hold, where that is known.'),
		changed: output(z.boolean(), 'Whether anything had to change.'),
		commit: output(
			z.string(),
			'The commit that was pushed, or the tip of the branch where nothing had to change.',
		),
		branch: output(z.string(), 'The branch that the hold is for.'),
		...verifiedOutput,
	},
	example: {
		repository: 'acme/infra-production',
		image: 'ghcr.io/acme/api',
		reason: '1.4.0 loses orders',
		until: '24h',
		token: '',
	},
	exclusive: [['verified', 'signing-key']],
	async run(inputs, context) {
		const { log, nameOf, event } = context;
		const action = actionOf(inputs, nameOf);
		const subject = subjectOf(inputs, nameOf);
		const end = endOf(inputs.until, new Date(), nameOf);
		const record = event.runUrl === undefined ? {} : { run: event.runUrl };
		const writes = action !== 'show' && !inputs.dryRun;
		const rights = writes ? contentRights : readRights;
		const repository = await openFrom(inputs.repository, inputs, context, { rights });
		let api: VerifiedWriter | undefined;
		try {
			if (writes) api = await verifiedWriter(inputs, context);
			if (inputs.branch !== undefined)
				await repository.checkBranch(inputs.branch, nameOf('branch'));
			const done = await commitToBranch({
				repository,
				branch: inputs.branch,
				edit: async (snapshot): Promise<HoldEdit> => {
					const markers = await readMarkers(snapshot);
					if (action === 'show') return show(markers, subject);
					if (action === 'lift') return lift(markers, subject, { reason: inputs.reason, record });
					if (inputs.file !== undefined) await checkFile(snapshot, subject, nameOf);
					const { author } = event;
					const hold: Hold = {
						...nameSubject(subject),
						reason: inputs.reason ?? '',
						...end,
						...(author && { by: author }),
					};
					return set(markers, subject, { hold, record });
				},
				write: api?.write,
				dryRun: inputs.dryRun,
				patience: inputs.pushTimeout,
				log,
			});
			const { changed, branch, commit, edited } = done;
			const dryRun = inputs.dryRun && changed;
			const where = `${branch} of ${repository.remote.url}`;
			const [hold] = edited.standing;
			const told =
				edited.standing.length > 0
					? edited.standing.map((one) => describeHold(one, where))
					: [notHeld(subject, where)];
			for (const line of told) log.info(line);
			if (dryRun) log.info(`Dry run: this would be pushed to ${where}`);
			else if (changed) log.info(`Pushed ${commit} to ${where}`);
			else if (action !== 'show') log.info(`Nothing to change: ${where} says so already`);
			if (dryRun) context.fold('What would be written', await repository.diff(done.parent, commit));
			context.summary(told.map(inertMarkdown).join('\n\n'));
			const verified = changed && api ? await api.tell(commit) : undefined;
			return {
				held: hold !== undefined,
				reason: hold?.reason,
				until: hold?.until,
				by: hold?.by,
				changed,
				commit: dryRun ? undefined : commit,
				branch,
				verified,
			};
		} finally {
			await api?.close();
			await repository.close();
		}
	},
});

type NameOf = (input: string) => string;

function actionOf({ reason, until, lift, image, file }: OwnValues, nameOf: NameOf) {
	const action = lift ? 'lift' : reason === undefined ? 'show' : 'set';
	if (until !== undefined && action !== 'set')
		throw badInput(`${nameOf('until')} goes with a hold that is set; give ${nameOf('reason')} too`);
	if (action !== 'show' && image === undefined && file === undefined)
		throw badInput(
			`${nameOf('image')} is missing: give the image that is meant, or ${nameOf('file')}`,
		);
	return action;
}

function subjectOf({ image, file }: OwnValues, nameOf: NameOf): Subject {
	if (image !== undefined && !isRepository(image))
		throw badInput(
			`${nameOf('image')}: "${image}" is no image without a tag; a hold is of an image whatever its tag`,
		);
	return {
		images: image === undefined ? [] : [image],
		files: file === undefined ? [] : [repositoryPath(file, nameOf('file'))],
	};
}

function notHeld(subject: Subject, where: string): string {
	const thing = heldThing(nameSubject(subject));
	return thing === '' ? `Nothing is held in ${where}` : `${thing} is not held in ${where}`;
}

function nameSubject({ images: [image], files: [file] }: Subject): Pick<Hold, 'image' | 'file'> {
	return { ...(image && { image }), ...(file && { file }) };
}

/** A hold on a file that is not there would hold nothing, and nobody would know. */
async function checkFile(snapshot: Snapshot, { files }: Subject, nameOf: NameOf): Promise<void> {
	const found = await snapshot.list(files);
	if (found.some(({ path }) => !files.includes(path)))
		throw badInput(`${nameOf('file')}: ${files[0]} is a glob; give the path of one file`);
}

function standingOf(markers: readonly Marker[], subject: Subject): Hold[] {
	const all = subject.images.length === 0 && subject.files.length === 0;
	const now = new Date();
	return markers
		.map(({ hold }) => hold)
		.filter((hold) => !isOver(hold, now) && (all || concerns(hold, subject)));
}

function show(markers: readonly Marker[], subject: Subject): HoldEdit {
	return { files: [], message: '', standing: standingOf(markers, subject) };
}

function set(
	markers: readonly Marker[],
	subject: Subject,
	{ hold, record }: { hold: Hold; record: { run?: string } },
): HoldEdit {
	const marker = placeHold(markers, hold, new Date());
	if (marker === undefined) return show(markers, subject);
	const { path, text } = marker;
	return {
		files: [{ path, bytes: Buffer.from(text) }],
		message: holdMessage(hold, record),
		standing: standingOf([{ path, hold: parseHold(path, text) }], subject),
	};
}

function lift(
	markers: readonly Marker[],
	subject: Subject,
	{ reason, record }: { reason: string | undefined; record: { run?: string } },
): HoldEdit {
	const meant = markers.filter(({ hold }) => concerns(hold, subject));
	const files: FileChange[] = meant.map(({ path }) => ({ path, bytes: undefined }));
	const why = reason === undefined ? '' : `\n\n${reason}`;
	const what = meant.map(({ hold }) => heldThing(hold)).join(', ');
	return { files, message: withTrailers(`Lift the hold on ${what}${why}`, record), standing: [] };
}
