import type { Program, Recipe } from './build.ts';
import type { ServerProcess } from './server-process.ts';

export type Log = (line: string) => void;

/** A server that answers. */
export interface Server<Address> {
	address: Address;
	/** the variables that lead a later run to this very server */
	variables: Record<string, string>;
	/** absent where the server was given to us, which then is not ours to end */
	process?: ServerProcess;
}

/** A kind of server that can be started. */
export interface ServerKind<Address> {
	recipe: Recipe;
	/** The server that variables lead to, if they are set. */
	given(log: Log): Promise<Server<Address> | undefined>;
	/** Starts one whose files are all in the folder, which is empty or not there yet. */
	start(program: Program, folder: string): Promise<Server<Address>>;
}
