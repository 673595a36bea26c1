import { join } from 'node:path';
import { findOrBuild, type Recipe } from './build.ts';
import type { Log } from './server.ts';

const recipe: Recipe = {
	name: 'act',
	title: 'act 0.2.89',
	command: 'act',
	folder: join(import.meta.dirname, 'act'),
	package: 'github.com/nektos/act',
	arguments: ['-ldflags=-s -w'],
	cgo: false,
	usually: 'takes 1 to 2 minutes on 2 cores',
	otherwise: 'put act on PATH',
};

/** The program that runs GitHub's workflows on this machine. */
export async function findAct(log: Log): Promise<string> {
	return (await findOrBuild(recipe, log)).file;
}
