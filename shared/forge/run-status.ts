/** How a run stands that is told of on a forge's own pages. */
export type RunState = 'running' | 'success' | 'failure';

/** What the page of a commit is to tell of a run. */
export interface RunStatus {
	/** Full object name. */
	readonly commit: string;
	readonly state: RunState;
	/** Tells this status from others of the commit: `lockstep/production`. */
	readonly context: string;
	/** One line of at most 140 characters, as GitHub takes it. */
	readonly description: string;
	/** Link to the run. */
	readonly runUrl: string | undefined;
}

/** What the page of an environment is to tell of a deployment to it. */
export interface DeploymentStatus extends Omit<RunStatus, 'context'> {
	/** Name of the environment on the forge, which is made where there is none. */
	readonly environment: string;
	/** Where what was deployed can be looked at. */
	readonly environmentUrl: string | undefined;
	/** The branch or tag that was deployed, where it is known. */
	readonly ref: { readonly name: string; readonly isTag: boolean } | undefined;
}
