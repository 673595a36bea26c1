import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure/failure.ts';

/** The settings of a profile by their names in the files: `role_arn`, `region`, ... */
export type Profile = Readonly<Partial<Record<string, string>>>;

export type Profiles = ReadonlyMap<string, Profile>;

/**
 * The profiles of `~/.aws/config` and `~/.aws/credentials`, or of the files that
 * `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name; of a setting in both, that of the
 * credentials counts (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html). Files
 * that are not there have none.
 * @throws Failure where one cannot be read
 */
export async function readProfiles(
	environment: Readonly<Record<string, string | undefined>>,
): Promise<Profiles> {
	const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME, USERPROFILE } = environment;
	const folder = join(HOME || USERPROFILE || homedir(), '.aws');
	const config = await readText(AWS_CONFIG_FILE || join(folder, 'config'));
	const credentials = await readText(AWS_SHARED_CREDENTIALS_FILE || join(folder, 'credentials'));
	const profiles = new Map<string, Profile>();
	for (const [title, settings] of sectionsOf(config)) {
		const name = title === 'default' ? title : /^profile\s+(.+)$/.exec(title)?.[1];
		if (name !== undefined) profiles.set(name, { ...profiles.get(name), ...settings });
	}
	for (const [name, settings] of sectionsOf(credentials))
		profiles.set(name, { ...profiles.get(name), ...settings });
	return profiles;
}

/** The region of the profile that the variables name. */
export async function profileRegion(
	environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
	const name = environment.AWS_PROFILE || environment.AWS_DEFAULT_PROFILE || 'default';
	return (await readProfiles(environment)).get(name)?.region;
}

async function readText(file: string): Promise<string> {
	try {
		return await readFile(file, 'utf8');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return '';
		throw new Failure(`The settings of AWS cannot be read: ${messageOf(error)}`, { cause: error });
	}
}

function sectionsOf(text: string): [title: string, settings: Record<string, string>][] {
	const sections: [string, Record<string, string>][] = [];
	for (const line of text.split(/\r?\n/)) {
		const title = /^\[([^\]]+)\]/.exec(line)?.[1];
		if (title !== undefined) sections.push([title.trim().replace(/["']/g, ''), {}]);
		// An indented line belongs to a setting that has settings of its own; none of them is needed.
		const [, name, value = ''] = /^([^\s=#;[][^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
		const settings = sections.at(-1)?.[1];
		if (name === undefined || settings === undefined) continue;
		settings[name.toLowerCase()] = value.replace(/(^|\s)[#;].*$/, '').trim();
	}
	return sections;
}
