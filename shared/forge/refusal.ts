import { Failure } from '../failure/failure.ts';

export interface Refusal {
	/** `GitHub`, `Gitea`. */
	forge: string;
	/** What was asked for, as it follows `to`: `open the pull request`. */
	doing: string;
	/** `owner/name`. */
	repository: string;
	status: number;
	/** The forge's own words. */
	message: string;
	/** What to do, where it is known better than by the status alone. */
	advice?: string | undefined;
	cause?: unknown;
}

const advices: Readonly<Record<number, string>> = {
	401: 'give a token that is valid',
	403: 'give a token that may write contents and pull requests of that repository',
	404: 'check the name, and that the token may see that repository',
};

/** A forge's refusal as one sentence: what, where, its words, what to do. */
export function refused(refusal: Refusal): Failure {
	const { forge, doing, repository, status, message, cause } = refusal;
	const words = oneLine(message);
	const moved = status >= 300 && status < 400 ? 'check api-url' : undefined;
	const advice = refusal.advice ?? advices[status] ?? moved ?? 'see what it says';
	return new Failure(
		`${forge} refused to ${doing} in ${repository}: ${status}${words === '' ? '' : ` ${words}`}; ${advice}`,
		{ cause },
	);
}

/** The first line of a forge's words, short enough for a log. */
function oneLine(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}
