/** Stands for the command `lockstep`: writes down how it is called, as JSON, into a file. */
import { writeFileSync } from 'node:fs';

const [, , file = '', ...args] = process.argv;
writeFileSync(file, JSON.stringify({ args, env: process.env, cwd: process.cwd() }));
