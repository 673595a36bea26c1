/** What made the CI start this run, as far as the CI tells. */
export interface CiEvent {
	kind:
		| 'push'
		| 'tag'
		| 'pull-request'
		| 'pull-request-closed'
		| 'deployment'
		| 'schedule'
		| 'manual'
		| 'unknown';
	/** The repository whose pipeline this is. */
	repository?: CiRepository;
	/** On a pull request the branch it is to be merged into. */
	branch?: string;
	tag?: string;
	/** Full object name of the commit that the run is about. */
	commit?: string;
	/** The branch was deleted: there is nothing to build, bump or deploy. */
	deleted?: boolean;
	pullRequest?: { number: number; source?: string; target?: string; merged?: boolean };
	/** Who caused the event: a user name or a full name. */
	author?: string;
	/** Link to this run for people. */
	runUrl?: string;
	/** Number of the run; it grows with every run of the same pipeline. */
	runNumber?: number;
	/** Environment that the CI was told to deploy to. */
	deployTarget?: string;
	/** Credentials that the CI has for its own forge. */
	netrc?: { machine: string; username: string; password: string };
	/** Forge that the CI works for, with its API where the CI names it. */
	forge?: {
		kind: 'github' | 'gitea' | 'forgejo' | 'gitlab' | 'bitbucket' | 'azure';
		url: string;
		apiUrl?: string;
	};
}

export interface CiRepository {
	owner: string;
	name: string;
	/** Page of the repository for people. */
	url?: string;
	cloneUrl?: string;
	defaultBranch?: string;
}

/** True for the name of no commit at all, which git and the CIs give where a branch was deleted. */
export function isNoCommit(name: string | undefined): boolean {
	return name !== undefined && /^0+$/.test(name);
}
