import * as z from 'zod/mini';
import { input } from './declare.ts';
import { duration, list, pairs } from './values.ts';

/** Inputs of every step that writes an image or a version into files of a repository. */
export const bumpInputs = {
	file: input(
		list,
		'Files to edit, from the top of the repository: paths, or globs such as `apps/**/*.yaml`.',
		{ required: true },
	),
	image: input(
		z.string(),
		'Image to look for, without tag: `ghcr.io/acme/api`. With `set` or `pattern` it is not looked for; give it all the same where the files do not say which image a tag is of: by it the record tells what was written, and a hold or a newer image stops the step.',
	),
	tag: input(z.string(), 'Tag to write.', {
		otherwise: "the event's tag, or `<branch>-<first 7 characters of the commit>`",
	}),
	digest: input(
		z.string(),
		'Digest to write, `sha256:...`: in place of the tag, or beside it where `tag` is given too.',
	),
	container: input(
		z.string(),
		'Change only what this container uses (or this key of Helm values, or this compose service).',
	),
	all: input(z.boolean(), 'Change every use, even where they have different tags now.', {
		default: 'false',
	}),
	set: input(
		pairs,
		'Values to set, as `path=value` lines, in place of looking for `image`: `image.tag={{tag}}`, `Deployment/web:spec.replicas=3`, `images[name=api].newTag={{tag}}`. `{{name}}`, `{{tag}}`, `{{digest}}` and `{{environment}}` are filled in.',
	),
	pattern: input(
		z.string(),
		'Regular expression with a group `version`, for files that are no YAML or JSON: `^api_version = "(?<version>[^"]*)"`. What the group finds becomes the tag.',
	),
	'create-missing': input(z.boolean(), 'Create keys that are not there.', { default: 'false' }),
	environment: input(z.string(), 'Environment that the files belong to, for the record.'),
	'source-repository': input(
		z.string(),
		'Repository that the image was built from, for the record.',
		{ otherwise: 'the repository of the run' },
	),
	'source-commit': input(z.string(), 'Commit that the image was built from, for the record.', {
		otherwise: 'the commit of the run',
	}),
	'commit-message': input(
		z.string(),
		'Message of the commit. `{{image}}`, `{{previous-image}}`, `{{name}}`, `{{tag}}`, `{{digest}}`, `{{environment}}`, `{{files}}`, `{{source}}` and `{{run}}` are filled in; the record is added below.',
		{ otherwise: '`Bump {{name}} to {{tag}}`, and where' },
	),
	'push-timeout': input(
		duration,
		'Give up, with exit code 3, when others push faster than this step for so long.',
		{ default: '2m' },
	),
};

/** Groups of them of which one may be given. */
export const bumpExclusive = [
	['set', 'pattern'],
	['container', 'set'],
	['container', 'pattern'],
	['all', 'set'],
	['create-missing', 'pattern'],
] as const;
