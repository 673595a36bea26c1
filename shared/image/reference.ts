/**
 * Image references by the grammar of github.com/distribution/reference:
 * `[domain[:port]/]path[:tag][@algorithm:hex]`.
 */
export interface Reference {
	/** The repository as it was written, domain included, without tag and digest. */
	readonly name: string;
	readonly tag?: string;
	readonly digest?: string;
}

const domainComponent = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domainName = `${domainComponent}(?:\\.${domainComponent})*`;
const domain = `(?:${domainName}|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const name = `(?:${domain}/)?${pathComponent}(?:/${pathComponent})*`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const wholeReference = new RegExp(`^(${name})(?::(${tag}))?(?:@(${digest}))?$`);
const wholeName = new RegExp(`^${name}$`);
const wholeTag = new RegExp(`^${tag}$`);
const wholeDigest = new RegExp(`^${digest}$`);

/** The grammar's limit for a repository without its domain. */
const longestPath = 255;
/** Long enough for every reference; keeps the grammar off text that is none. */
const longestReference = 1024;

const dockerHub = 'docker.io';

/** The reference that a text is, or undefined where the text is none. */
export function parseReference(text: string): Reference | undefined {
	if (text.length > longestReference) return undefined;
	const match = wholeReference.exec(text);
	const written = match?.[1];
	if (written === undefined || !isRepository(written)) return undefined;
	const [tag, digest] = [match?.[2], match?.[3]];
	if (digest !== undefined && !isDigest(digest)) return undefined;
	return { name: written, ...(tag && { tag }), ...(digest && { digest }) };
}

/** `name[:tag][@digest]`. */
export function formatReference({ name, tag, digest }: Reference): string {
	return name + (tag ? `:${tag}` : '') + (digest ? `@${digest}` : '');
}

/** Whether a text is the name of a repository: a reference without tag and digest. */
export function isRepository(text: string): boolean {
	if (text.length > longestReference || !wholeName.test(text)) return false;
	return splitRepository(text).path.length <= longestPath;
}

/** Whether a text may stand after the `:` of a reference: at most 128 characters. */
export function isTag(text: string): boolean {
	return wholeTag.test(text);
}

/** Whether a text may stand after the `@` of a reference, such as `sha256:…`. */
export function isDigest(text: string): boolean {
	if (!wholeDigest.test(text)) return false;
	const [algorithm, hex = ''] = text.split(':');
	if (algorithm === 'sha256') return hex.length === 64;
	return algorithm !== 'sha512' || hex.length === 128;
}

/**
 * Domain and path as a client asks the registry for them: `nginx` is `docker.io` and
 * `library/nginx`, `index.docker.io` is `docker.io`. A first component is a domain when it
 * holds a `.` or `:`, is `localhost`, or has an upper-case letter.
 */
export function splitRepository(repository: string): { domain: string; path: string } {
	const slash = repository.indexOf('/');
	const first = repository.slice(0, Math.max(slash, 0));
	const isDomain = /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
	const domain = slash > 0 && isDomain ? first : dockerHub;
	const path = slash > 0 && isDomain ? repository.slice(slash + 1) : repository;
	if (domain !== dockerHub && domain !== 'index.docker.io') return { domain, path };
	return { domain: dockerHub, path: path.includes('/') ? path : `library/${path}` };
}

/** The one full name of a repository: `docker.io/library/nginx` for `nginx`. */
export function normalRepository(repository: string): string {
	const { domain, path } = splitRepository(repository);
	return `${domain.toLowerCase()}/${path}`;
}

/** Whether two names mean one repository of one registry. */
export function sameRepository(a: string, b: string): boolean {
	return normalRepository(a) === normalRepository(b);
}

/**
 * Whether a recorded reference is that of an image as it stands in a file, which may leave out
 * the digest that its tag was recorded with.
 */
export function isRecordOf(
	recorded: string | undefined,
	{ name, tag, digest }: Reference,
): boolean {
	const other = parseReference(recorded ?? '');
	if (other === undefined || !sameRepository(other.name, name)) return false;
	return other.tag === tag && (digest ?? other.digest) === other.digest;
}

/**
 * A branch's name made fit for a tag: `feature/x` is `feature-x`. Room is left for the
 * `-<sha7>` that a build adds.
 */
export function tagFromBranch(branch: string): string {
	const shaSuffix = '-1234567'.length;
	const fit = branch
		.replace(/^refs\/heads\//, '')
		.replace(/[^A-Za-z0-9_.-]+/g, '-')
		.replace(/^[.-]+/, '')
		.slice(0, 128 - shaSuffix)
		.replace(/[.-]+$/, '');
	return fit || 'branch';
}
