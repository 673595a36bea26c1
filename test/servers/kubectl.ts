import { join } from 'node:path';
import type { Recipe } from './build.ts';

/** The client that the bench measures beside, of the control plane's own version. */
export const kubectl: Recipe = {
	name: 'kubectl',
	title: 'kubectl 1.35.4',
	command: 'lockstep-kubectl',
	folder: join(import.meta.dirname, 'kubectl'),
	package: '.',
	arguments: ['-ldflags=-s -w'],
	cgo: false,
	usually: 'takes 2 minutes on 2 cores',
	otherwise: 'put a kubectl 1.35 on PATH as lockstep-kubectl',
};
