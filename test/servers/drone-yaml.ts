import { join } from 'node:path';
import { findOrBuild, type Recipe } from './build.ts';
import type { Log } from './server.ts';

const recipe: Recipe = {
	name: 'drone-yaml',
	title: 'drone-yaml 1.2.3',
	command: 'drone-yaml',
	folder: join(import.meta.dirname, 'drone-yaml'),
	package: 'github.com/drone/drone-yaml',
	arguments: ['-ldflags=-s -w'],
	cgo: false,
	usually: 'takes some 10 seconds',
	otherwise: 'put drone-yaml on PATH',
};

/** The program that makes containers' variables of a `.drone.yml`, as Drone's own runner does. */
export async function findDroneYaml(log: Log): Promise<string> {
	return (await findOrBuild(recipe, log)).file;
}
