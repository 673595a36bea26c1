/**
 * `npm run bench`: our figures beside those of what people use otherwise, measured in the same
 * run, with ratios. Absolute times say something about this machine only.
 */
import { benchBump } from './bump.ts';
import { benchDeploy } from './deploy.ts';
import { benchSizes } from './sizes.ts';
import { benchStart } from './start.ts';

const benches: Readonly<Record<string, () => Promise<void>>> = {
	sizes: benchSizes,
	start: benchStart,
	bump: benchBump,
	deploy: benchDeploy,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
	console.error(
		`There is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`,
	);
	process.exit(2);
}
for (const [name, bench] of Object.entries(benches))
	if (wanted.length === 0 || wanted.includes(name)) await bench();
