import { badInput, Failure, messageOf } from '../../shared/failure/failure.ts';
import type { Forge } from '../../shared/forge/forge.ts';
import type { Rights } from '../../shared/forge/github-app.ts';
import type { RunState, RunStatus } from '../../shared/forge/run-status.ts';
import { graceMs, type StepContext } from '../../shared/step/declare.ts';
import { type ForgeInputs, forgeFrom } from '../../shared/step/forge.ts';
import { recordedSource } from '../../shared/step/source-order.ts';
import { recordsInWorkspace } from '../../shared/step/workspace-history.ts';
import type { ReportInputs } from './report-inputs.ts';

type Inputs = ReportInputs & { readonly dryRun: boolean };
type Context = Omit<StepContext, 'report'>;
type Kind = 'deployment' | 'status';

/** What is deployed, for the forge. */
interface Subject {
	readonly repository: string;
	readonly commit: string;
	readonly environment: string | undefined;
	readonly ref: { readonly name: string; readonly isTag: boolean } | undefined;
}

/** What GitHub takes of a description. */
const longestDescription = 140;
/** How it ended is told after what was there before was brought back. */
const longestMs = graceMs - 1000;

/**
 * Does the work, and tells the forge that it begins and how it ended, as `report` asks. What
 * was asked for by name and cannot be told fails before the work; how it ended is told as far
 * as the forge takes it.
 */
export async function reported<T extends { status?: string }>(
	inputs: Inputs,
	context: Context,
	work: () => Promise<T>,
): Promise<T> {
	const wanted = new Set(inputs.report);
	if (wanted.size === 0) return await work();
	if (inputs.dryRun) {
		context.log.info('Dry run: nothing is told to the forge');
		return await work();
	}
	const { signal, stop } = outlasting(context.signal);
	try {
		const report = await Report.open(inputs, { ...context, signal });
		await report.begin();
		let done: T;
		try {
			done = await work();
		} catch (error) {
			await report.end('failure', messageOf(error));
			throw error;
		}
		await report.end('success', done.status === 'unchanged' ? 'Nothing had to change' : 'Deployed');
		return done;
	} finally {
		stop();
	}
}

class Report {
	readonly #forge: Forge;
	readonly #kinds: ReadonlySet<Kind>;
	readonly #subject: Subject;
	readonly #inputs: Inputs;
	readonly #context: Context;

	constructor(
		forge: Forge,
		kinds: ReadonlySet<Kind>,
		subject: Subject,
		inputs: Inputs,
		context: Context,
	) {
		this.#forge = forge;
		this.#kinds = kinds;
		this.#subject = subject;
		this.#inputs = inputs;
		this.#context = context;
	}

	/** @throws Failure (bad input) for what is asked for by name and not to be had */
	static async open(inputs: Inputs, context: Context): Promise<Report> {
		const subject = await subjectOf(inputs, context);
		const access: ForgeInputs = { ...inputs, ...noCommits, repository: subject.repository };
		const wants = (kind: Kind) =>
			[kind, 'auto' as const].some((one) => inputs.report?.includes(one));
		const rights: Rights = {
			...(wants('status') && { statuses: 'write' }),
			...(wants('deployment') && { deployments: 'write' }),
		};
		const forge = await forgeFrom(access, context, { rights });
		try {
			const kinds = kindsOf(inputs, forge, subject, context);
			return new Report(forge, kinds, subject, inputs, context);
		} catch (error) {
			await forge.close();
			throw error;
		}
	}

	/** @throws Failure where the forge refuses what was asked for by name */
	async begin(): Promise<void> {
		const { report = [] } = this.#inputs;
		try {
			for (const kind of this.#kinds) {
				try {
					await this.#write(kind, 'running', 'Rolling out');
				} catch (error) {
					if (!(error instanceof Failure) || report.includes(kind)) throw error;
					this.#context.log.warn(error.message);
				}
			}
		} catch (error) {
			await this.#forge.close();
			throw error;
		}
	}

	async end(state: Exclude<RunState, 'running'>, text: string): Promise<void> {
		try {
			for (const kind of this.#kinds)
				await this.#write(kind, state, text).catch((error: unknown) => {
					this.#context.log.warn(`How it ended is not told to the forge: ${messageOf(error)}`);
				});
		} finally {
			await this.#forge.close();
		}
	}

	async #write(kind: Kind, state: RunState, text: string): Promise<void> {
		const { commit, environment, ref } = this.#subject;
		const { event } = this.#context;
		const status = {
			commit,
			state,
			description: shortened(text),
			runUrl: event.runUrl,
		} satisfies Omit<RunStatus, 'context'>;
		if (kind === 'status')
			await this.#forge.writeStatus?.({
				...status,
				context: `lockstep/${environment ?? 'deploy'}`,
			});
		else if (environment !== undefined)
			await this.#forge.writeDeployment?.({
				...status,
				environment,
				environmentUrl: this.#inputs.environmentUrl,
				ref,
			});
	}
}

/** What the report is to have: all that was asked for by name, and of `auto` what the forge has. */
function kindsOf(
	{ report = [] }: Inputs,
	{ title, writeStatus, writeDeployment }: Forge,
	{ environment }: Subject,
	{ nameOf, log }: Context,
): Set<Kind> {
	const has = { deployment: writeDeployment !== undefined, status: writeStatus !== undefined };
	const called = { deployment: 'deployments', status: 'commit statuses' };
	const kinds = new Set<Kind>();
	for (const kind of ['deployment', 'status'] as const) {
		const isNamed = report.includes(kind);
		if (!isNamed && !report.includes('auto')) continue;
		const lacking = `${title} has no ${called[kind]} that a step could write`;
		const nameless = `a deployment needs the name of its environment; give ${nameOf('environment')}`;
		const missing = !has[kind]
			? lacking
			: kind === 'deployment' && environment === undefined
				? nameless
				: undefined;
		if (missing === undefined) kinds.add(kind);
		else if (isNamed) throw badInput(`${nameOf('report')}: ${missing}`);
		else log.info(`Left out of the report: ${missing}`);
	}
	return kinds;
}

async function subjectOf(inputs: Inputs, context: Context): Promise<Subject> {
	const { event, nameOf } = context;
	const records = await recordsInWorkspace(context);
	const environment = inputs.environment ?? records[0]?.record.environment ?? event.deployTarget;
	const own = event.repository?.cloneUrl ?? event.repository?.url;
	const repository = inputs.repository ?? own;
	if (inputs.reportOn === 'source') {
		const told = records.find(({ record }) => record.source !== undefined)?.record.source;
		const access: ForgeInputs = { ...inputs, ...noCommits, repository: repository ?? '' };
		const source = repository && recordedSource(told, access, context);
		if (!source)
			throw badInput(
				`${nameOf('report-on')}: no record in the history of the workspace tells which commit was deployed; clone it with its history, or report on the manifests`,
			);
		const url = inputs.repository ?? source.remote.url;
		return { repository: url, commit: source.commit, environment, ref: undefined };
	}
	if (repository === undefined || event.commit === undefined)
		throw badInput(
			`${nameOf('report')}: what made this run start names no repository with a commit to report on`,
		);
	const ref = event.tag ?? event.branch;
	return {
		repository,
		commit: event.commit,
		environment,
		ref: ref === undefined ? undefined : { name: ref, isTag: event.tag !== undefined },
	};
}

/** What it takes to write commits, of which this writes none. */
const noCommits = {
	sshKey: undefined,
	sshKnownHosts: undefined,
	authorName: 'lockstep',
	authorEmail: 'lockstep@noreply.invalid',
	signingKey: undefined,
};

function shortened(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	if (line.length <= longestDescription) return line;
	return `${line.slice(0, longestDescription - 3).toWellFormed()}...`;
}

/** A signal that ends some time after another one, so that the end can still be told. */
function outlasting(signal: AbortSignal): { signal: AbortSignal; stop(): void } {
	const controller = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const onAbort = () => {
		timer = setTimeout(() => controller.abort(signal.reason), longestMs);
	};
	signal.addEventListener('abort', onAbort, { once: true });
	return {
		signal: controller.signal,
		stop() {
			clearTimeout(timer);
			signal.removeEventListener('abort', onAbort);
		},
	};
}
