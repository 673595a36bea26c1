import * as z from 'zod/mini';
import { badInput, Failure } from '../../shared/failure/failure.ts';
import { repositoryId } from '../../shared/git/remote.ts';
import { repositoryInputs, stepInputs } from '../../shared/step/common-inputs.ts';
import { defineStep, input, output } from '../../shared/step/declare.ts';
import { openFrom, remoteFrom } from '../../shared/step/repository.ts';
import { pairs } from '../../shared/step/values.ts';
import {
	type Content,
	composeContent,
	composeMessage,
	differences,
	type Kind,
	saysTheSame,
	unfoldInfo,
} from './content.ts';
import { fetchTag, fetchToTag, type PresentTag } from './remote-tag.ts';
import { findSubject } from './subject.ts';

const { branch: _, repository: __, ...accessInputs } = repositoryInputs;

/** How often a tag that others write at the same time is looked at again. */
const attempts = 5;

export const step = defineStep({
	name: 'tag-source',
	title: 'Tag a commit of the source with what was baked, deployed or released of it',
	text: `Writes an annotated tag on a commit of the application. Its message is JSON (what, where, when, by which run), so that the history of an application can be read from its own repository:

\`\`\`sh
git for-each-ref --format='%(contents:subject)' 'refs/tags/deploy/production/*'
\`\`\`

The names are \`ami/{region}/{version}\`, \`deploy/{environment}/{region}/{version}\` and \`release/{version}\`; a region that is not given is left out. Writing the same content again changes nothing (\`created\` is false): when and by which run a tag is written does not count. Other content under the same name is an error, unless \`force\` is given.

After \`rolling-deploy\` in the same workspace a tag of kind \`deploy\` also holds its \`images\`. Where the pipeline is that of another repository, such as one of manifests, the commit to tag is the one that a deployed image was built from, by the record that \`bump-image\` and \`promotion-pr\` left in the workspace's history; clone enough of it. After \`bake-ami\`, or whatever else leaves its \`ami-id\` and \`base-ami\` in \`.lockstep/bake-ami.json\`, a tag of kind \`ami\` takes them from there.`,
	branding: { icon: 'tag', color: 'blue' },
	example: {
		kind: 'deploy',
		environment: 'production',
		version: '1.4.0',
		token: '',
		info: ['server-group=shop-v012', 'approver=alice'],
	},
	exampleAlone: {
		repository: 'acme/application',
		commit: '1ecfd275763eff1d6b4844ea3168962458c9f27a',
	},
	inputs: {
		commit: input(z.string(), 'Full name of the commit to tag.', {
			otherwise: 'the commit of the event, or what a deployed image was built from, as above',
		}),
		kind: input(z.enum(['ami', 'deploy', 'release', 'other']), 'What the tag tells of.', {
			default: 'other',
		}),
		tag: input(z.string(), 'Name of the tag; `kind` other needs one.', {
			otherwise: 'by `kind`, as above',
		}),
		environment: input(z.string(), 'Environment that was deployed to.', {
			otherwise: 'the one that the CI was told to deploy to',
		}),
		region: input(z.string(), 'Region that was baked in or deployed to.'),
		version: input(z.string(), 'Version of the application.', {
			otherwise: 'the tag of the event or of the deployed image, or `<branch>-<sha7>`',
		}),
		'ami-id': input(z.string(), 'The machine image that was baked or deployed.', {
			otherwise: 'what `bake-ami` put out, for kind `ami`',
		}),
		'base-ami': input(z.string(), 'The machine image that it was baked from.', {
			otherwise: 'what `bake-ami` put out, for kind `ami`',
		}),
		info: input(
			pairs,
			'What else the tag is to tell (artifact, server-group, approver, ...): a JSON object, or lines of `key=value`.',
		),
		force: input(z.boolean(), 'Replace a tag of this name that says something else.', {
			default: 'false',
		}),
		repository: input(
			z.string(),
			'The repository to tag: `owner/name` on the forge that the CI works for, or any clone URL.',
			{ otherwise: 'the repository whose pipeline this is' },
		),
		...accessInputs,
		...stepInputs,
	},
	outputs: {
		tag: output(z.string(), 'Name of the tag.'),
		'tag-object': output(z.string(), 'Object name of the annotated tag.'),
		created: output(z.boolean(), 'Whether the tag was written by this run.'),
	},
	async run(inputs, context) {
		const { event, log, nameOf } = context;
		const given = inputs.repository ?? event.repository?.cloneUrl ?? event.repository?.url;
		if (given === undefined)
			throw badInput(`${nameOf('repository')} is missing, and this CI names no repository`);
		const remote = remoteFrom(given, context);
		const subject = await findSubject({ inputs, context, remote });
		const { version, images } = subject;
		const environment = inputs.environment ?? event.deployTarget;
		const composed = composeContent(
			{
				...inputs,
				...subject,
				environment,
				images: images.length > 0 ? images : undefined,
				run: event.runUrl,
				info: unfoldInfo(inputs.info ?? {}),
				now: new Date(),
			},
			nameOf,
		);
		const name =
			givenName(inputs.tag, nameOf) ??
			defaultName(inputs.kind, { ...inputs, environment, version }, nameOf);

		const repository = await openFrom(given, inputs, context);
		try {
			await repository.checkTag(name, nameOf('tag'));
			const commit = await fetchToTag(repository, subject.commit, nameOf('commit'));
			const content = { ...composed, commit };
			const message = composeMessage(content, {
				...(images.length === 1 && images[0] !== undefined ? { image: images[0] } : {}),
				source: `${repositoryId(repository.remote)}@${commit}`,
				...(environment === undefined ? {} : { environment }),
				...(event.runUrl === undefined ? {} : { run: event.runUrl }),
			});
			const object = await repository.tagObject({ name, commit, message });
			for (let attempt = 1; ; attempt++) {
				const present = await fetchTag(repository, name);
				if (present !== undefined && isSame(present, content, commit)) {
					log.info(`${name} says this already; nothing to do`);
					return { tag: name, tagObject: present.object, created: false };
				}
				if (present !== undefined && !inputs.force) throw taken(name, present, content, commit);
				if (inputs.dryRun) {
					log.info(
						`Would ${present ? 'replace' : 'write'} the tag ${name} on ${commit}:\n${message}`,
					);
					return { tag: name, created: false };
				}
				const outcome = await repository.push({
					ref: `refs/tags/${name}`,
					commit: object,
					expect: present?.object ?? null,
				});
				if (outcome.pushed) {
					log.info(`Tagged ${commit} as ${name}`);
					return { tag: name, tagObject: object, created: true };
				}
				const now = (await repository.remoteRefs(`refs/tags/${name}`)).get(`refs/tags/${name}`);
				if (now === object) return { tag: name, tagObject: object, created: true };
				const moved = now !== present?.object;
				if ((!moved && !outcome.passing) || attempt === attempts) throw outcome.failure;
				await repository.transport.pause(attempt, moved ? 'the tag has moved' : 'not pushed');
			}
		} finally {
			await repository.close();
		}
	},
});

/** A tag's name, which git's commands show as `refs/tags/...` too. */
function givenName(tag: string | undefined, nameOf: (input: string) => string) {
	const name = tag?.replace(/^refs\/tags\//, '');
	if (name?.startsWith('refs/'))
		throw badInput(`${nameOf('tag')}: ${tag} is no tag; give its name alone, such as v1.4.0`);
	return name;
}

interface NameParts {
	environment: string | undefined;
	region: string | undefined;
	version: string | undefined;
}

function defaultName(kind: Kind, parts: NameParts, nameOf: (input: string) => string): string {
	const { environment, region, version } = parts;
	const need = (value: string | undefined, input: string) => {
		if (value !== undefined) return value;
		throw badInput(
			`${nameOf(input)} is missing: the name of a tag of kind ${kind} is made from it; give it, or the whole name with ${nameOf('tag')}`,
		);
	};
	if (kind === 'other')
		throw badInput(
			`${nameOf('tag')} is missing: a tag of kind other has no name of its own; give one`,
		);
	const names = {
		ami: () => ['ami', region, need(version, 'version')],
		deploy: () => ['deploy', need(environment, 'environment'), region, need(version, 'version')],
		release: () => ['release', need(version, 'version')],
	}[kind]();
	return names.filter((part) => part !== undefined).join('/');
}

function isSame(present: PresentTag, content: Content, commit: string): boolean {
	return (
		present.commit === commit &&
		present.content !== undefined &&
		saysTheSame(present.content, content)
	);
}

function taken(name: string, present: PresentTag, content: Content, commit: string): Failure {
	const why =
		present.commit !== commit
			? `stands on ${present.commit}`
			: present.content === undefined
				? 'is no tag of this step'
				: `says something else (${differences(present.content, content).join(', ')})`;
	return new Failure(
		`The tag ${name} is there and ${why}; give another version or tag, or force to replace it`,
	);
}
