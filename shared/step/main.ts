import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { commandLineCi } from '../ci/command-line.ts';
import { detectHost } from '../ci/detect.ts';
import type { Ci, Environment, Host, Level } from '../ci/host.ts';
import { childEnvironment } from '../ci/process.ts';
import { type ExitCode, exitCode, Failure, messageOf, timedOut } from '../failure/failure.ts';
import type { Log } from '../log/log.ts';
import { Redactor } from '../log/redact.ts';
import { type AnyStep, camelCase, graceMs, type StepContext } from './declare.ts';
import { OutputsFolder } from './outputs-folder.ts';
import { readInputs, shapesOf } from './read-inputs.ts';

const levels: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/**
 * Runs a step as the process that it is: finds out the CI, reads the inputs, runs, hands on
 * the outputs.
 * @param step - the declared step
 * @param args - the arguments after the program's own name
 * @param env - the process's variables
 * @returns what to exit with
 */
export async function main(
	step: AnyStep,
	args: readonly string[],
	env: Environment,
): Promise<ExitCode> {
	let host: Host;
	try {
		host = detectHost(env, args);
	} catch (error) {
		return reportFailure(
			error,
			logOf(commandLineCi(env), new Redactor(), () => 'info'),
		);
	}
	const redactor = new Redactor();
	let level: Level = host.debug ? 'debug' : 'info';
	const log = logOf(host, redactor, () => level);
	try {
		const shapes = shapesOf(step.inputs);
		const raw = await host.inputs({ step: step.name, shapes, warn: log.warn });
		for (const [name, { secret }] of Object.entries(step.inputs as StepInputs))
			if (secret)
				// A secret that is given as a file is no secret by its name.
				for (const value of [raw.get(name) ?? []].flat())
					if (!existsSync(resolve(host.workspace, value))) redactor.add(value);
		if (host.event.netrc) redactor.add(host.event.netrc.password);
		const inputs = readInputs(step, raw, host.nameOf) as Record<string, unknown>;
		if (!host.debug) level = inputs.logLevel as Level;
		return await run(step, inputs, { host, redactor, log, env });
	} catch (error) {
		return reportFailure(error, log);
	}
}

type StepInputs = Record<string, { secret: boolean }>;

interface Surroundings {
	host: Host;
	redactor: Redactor;
	log: Log;
	env: Environment;
}

async function run(
	step: AnyStep,
	inputs: Record<string, unknown>,
	{ host, redactor, log, env }: Surroundings,
): Promise<ExitCode> {
	const folder = new OutputsFolder(
		host.workspace,
		inputs.outputsDir as string,
		host.nameOf('outputs-dir'),
	);
	const outputs: Record<string, unknown> = {};
	const summaries: string[] = [];
	const ending = endingSignal(inputs.timeout as number);
	const context: StepContext = {
		event: host.event,
		log,
		workspace: host.workspace,
		childEnvironment: childEnvironment(env, Object.keys(step.inputs)),
		signal: ending.signal,
		protect: (secret) => redactor.add(secret),
		mask: (secret) => host.mask(secret),
		fold(title, text) {
			if (host.debug || isShown('info', inputs.logLevel as Level))
				host.fold(redactor.redact(title), redactor.redact(text));
		},
		report: (values) => Object.assign(outputs, values),
		summary: (markdown) => summaries.push(redactor.redact(markdown)),
		writeFile: async (name, text) => void (await folder.writeFile(name, redactor.redact(text))),
		outputsOf: (name) => folder.read(name),
		progress: progressOf(host, redactor, inputs.logLevel as Level),
		nameOf: host.nameOf,
	};
	const unwritten = await folder.prepare(step.name);
	if (unwritten !== undefined) log.info(unwritten);
	let code: ExitCode = exitCode.done;
	try {
		Object.assign(outputs, await inTime(step.run(inputs, context), ending.signal));
	} catch (error) {
		code = reportFailure(error, log);
	}
	ending.clear();
	const texts = outputTexts(step, outputs, redactor);
	if (texts.size > 0) await folder.write(step.name, texts);
	if (texts.size > 0 || summaries.length > 0)
		await host.handOver({
			step: step.name,
			outputs: texts,
			summary: summaries.join('\n'),
			succeeded: code === exitCode.done || code === exitCode.stopHere,
			writeFile: (name, text) => folder.writeFile(name, text),
			warn: log.warn,
		});
	return code;
}

/**
 * What `work` comes to, or a failure some seconds after the signal at the latest: a step
 * that is told to end has that long to clean up and to say how far it came.
 */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
	const late = new Promise<never>((_, reject) => {
		signal.addEventListener('abort', () =>
			setTimeout(() => reject(signal.reason), graceMs).unref(),
		);
	});
	return await Promise.race([work, late]);
}

/** The outputs as texts, in the order of the declaration; lists and objects as JSON. */
function outputTexts(
	step: AnyStep,
	outputs: Record<string, unknown>,
	redactor: Redactor,
): Map<string, string> {
	const texts = new Map<string, string>();
	for (const name of Object.keys(step.outputs)) {
		const value = outputs[camelCase(name)];
		if (value === undefined) continue;
		const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
		texts.set(name, redactor.redact(text));
	}
	return texts;
}

/** Aborts when the time is over, or when the CI tells the process to end. */
function endingSignal(timeout: number): { signal: AbortSignal; clear(): void } {
	const controller = new AbortController();
	const end = (failure: Failure) => controller.abort(failure);
	const timer = setTimeout(
		() => end(timedOut(`Not done within ${timeout / 1000} s; give it more time with timeout`)),
		timeout,
	);
	const stop = (signal: NodeJS.Signals) =>
		end(new Failure(`Ended by ${signal}; it is safe to run this step again`));
	process.once('SIGTERM', stop).once('SIGINT', stop);
	return {
		signal: controller.signal,
		clear() {
			clearTimeout(timer);
			process.off('SIGTERM', stop).off('SIGINT', stop);
		},
	};
}

function logOf(host: Pick<Ci, 'log'>, redactor: Redactor, least: () => Level): Log {
	const at =
		(level: Level): Log['warn'] =>
		(message, place) => {
			if (isShown(level, least())) host.log(level, redactor.redact(message), place);
		};
	return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function isShown(level: Level, least: Level): boolean {
	return levels.indexOf(level) >= levels.indexOf(least);
}

/** Progress is for those who want to read what goes on, too. */
function progressOf(host: Host, redactor: Redactor, level: Level): StepContext['progress'] {
	const { progress } = host;
	if (progress === undefined || !isShown('info', level)) return undefined;
	return (lines) => progress(lines.map((line) => redactor.redact(line)));
}

function reportFailure(error: unknown, log: Log): ExitCode {
	if (error instanceof Failure && error.exitCode === exitCode.stopHere) {
		log.info(error.message);
		return error.exitCode;
	}
	if (error instanceof Failure) {
		log.error(error.message, error.place);
		if (error.stack) log.debug(error.stack);
		return error.exitCode;
	}
	log.error(
		`Lockstep itself failed: ${messageOf(error)}; run it with log-level debug and report it`,
	);
	log.debug(error instanceof Error && error.stack ? error.stack : String(error));
	return exitCode.failed;
}
