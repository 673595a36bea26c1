import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { placeOfField } from '../../shared/kubernetes/explain.ts';
import { readManifests } from '../../shared/kubernetes/manifests.ts';
import { titleOf } from '../../shared/kubernetes/object.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'rendered-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes files; those in `bin` are programs. */
async function write(files: Record<string, string>): Promise<void> {
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(folder, name)), { recursive: true });
		await writeFile(join(folder, name), text);
		if (name.startsWith('bin/')) await chmod(join(folder, name), 0o755);
	}
}

const read = (path: string, signal = new AbortController().signal) =>
	readManifests([path], {
		folder,
		stdin: Readable.from([]),
		inputName: '--manifests',
		environment: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
		namespace: 'shop',
		values: ['/values.yaml'],
		signal,
	});

/** A program that prints a text, and writes the folder it is about into `asked`. */
const printing = (text: string, exitCode = 0) =>
	`#!/bin/sh\n[ "$1" != build ] || cat "$2"/* >> '${folder}/asked'\ncat ${exitCode ? '>&2 ' : ''}<<'END'\n${text}\nEND\nexit ${exitCode}\n`;

const configMap = (name: string, rest = '') =>
	`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${rest}`;

describe('kustomizations and charts', () => {
	test('are refused where nothing can render them', async () => {
		await write({ 'k/kustomization.yaml': 'resources: []\n', 'c/Chart.yaml': 'name: c\n' });
		const environment = { PATH: '/nonexistent' };
		const { signal } = new AbortController();
		const options = { folder, stdin: Readable.from([]), inputName: 'm', environment, signal };
		const readAlone = (path: string) =>
			readManifests([path], { ...options, namespace: 'shop', values: [] });
		await expect(readAlone('k')).rejects.toThrow(
			'k is a kustomization, and neither kustomize nor kubectl is on PATH',
		);
		await expect(readAlone('c')).rejects.toThrow('c is a chart, and helm is not on PATH');
	});

	test('are not mixed with plain manifests', async () => {
		await write({ 'k/a.yaml': configMap('a'), 'k/base/kustomization.yaml': '' });
		await expect(read('k')).rejects.toThrow('name it by itself in --manifests');
	});

	test('are rendered no longer than the run lasts', async () => {
		await write({ 'k/Kustomization': '', 'bin/kustomize': '#!/bin/sh\nexec sleep 60\n' });
		const controller = new AbortController();
		const reading = read('k', controller.signal);
		controller.abort(new Error('told to end'));
		await expect(reading).rejects.toThrow('told to end');
	});

	test.each(['k', 'k/Kustomization'])('are rendered by the program on PATH: %s', async (path) => {
		await write({ 'k/Kustomization': '', 'bin/kustomize': printing(configMap('made')) });
		expect((await read(path)).map(({ object }) => titleOf(object))).toEqual(['ConfigMap/made']);
	});

	test('a chart is rendered with its definitions, without its tests, and with values', async () => {
		const helm = `#!/bin/sh\nprintf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c}\\ndata: {args: "%s"}\\n' "$*"\n`;
		await write({ 'My_Chart/Chart.yaml': 'name: c\n', 'bin/helm': helm });
		const [chart] = await read('My_Chart');
		expect(chart?.object.data).toEqual({
			args: `template my-chart ${join(folder, 'My_Chart')} --namespace shop --include-crds --skip-tests --values /values.yaml`,
		});
	});
});

const placesOf = async (path: string, field = '') =>
	(await read(path)).map((manifest) => placeOfField(manifest, field));

describe('what was rendered has the place', () => {
	const origin = (note: string) =>
		`  annotations:\n    config.kubernetes.io/origin: |\n      ${note}\n`;
	/** Tells of origins where it is asked for them, as kustomize does. */
	const kustomize = (note: string) => `#!/bin/sh
cat <<'END'
${configMap('pre-web')}
END
! grep -q originAnnotations "$2/kustomization.yaml" || cat <<END
${origin(note)}
END
`;
	const base = `# two\n${configMap('webs')}---\n${configMap('web', 'data:\n  a: b\n')}`;

	test('of the object in the file that a kustomization took it from', async () => {
		await write({
			'k/kustomization.yaml': '',
			'base/web.yaml': base,
			'bin/kustomize': kustomize(`path: $(cd '${folder}' && pwd -P)/base/web.yaml`),
		});
		expect(await placesOf('k')).toEqual([{ file: 'base/web.yaml', line: 7, column: 1 }]);
		expect(await placesOf('k', 'data.a')).toEqual([{ file: 'base/web.yaml', line: 12, column: 3 }]);
		// What is deployed is as it is without them.
		expect((await read('k'))[0]?.object.metadata.annotations).toBeUndefined();
	});

	test('of the kustomization, where there is no room to ask for more', async () => {
		await write({ 'k/kustomization.yaml': 'resources: []\n', 'bin/kustomize': kustomize('none') });
		vi.stubEnv('TMPDIR', join(folder, 'nowhere'));
		expect(await placesOf('k')).toEqual([{ file: 'k/kustomization.yaml' }]);
		vi.unstubAllEnvs();
	});

	test.each([
		['of the kustomization that generates it', `configuredIn: k/kustomization.yaml`],
		['of the kustomization, where it is from another repository', 'path: a.yaml\n      repo: r'],
		['of the kustomization, where nothing is told', 'none'],
	])('%s', async (_whose, note) => {
		const told = note.replace('k/', `$(cd '${folder}' && pwd -P)/k/`);
		await write({ 'k/kustomization.yaml': 'resources: []\n', 'bin/kustomize': kustomize(told) });
		expect(await placesOf('k')).toEqual([{ file: 'k/kustomization.yaml' }]);
	});

	test('of the template of a chart, and of the line where that is plain YAML', async () => {
		const source = (path: string, name: string) =>
			`---\n# Source: shop/${path}\n${configMap(name)}`;
		const text =
			source('templates/a.yaml', 'a') +
			source('charts/db/templates/b.yaml', 'b') +
			source('charts/packed/templates/c.yaml', 'c') +
			source('crds/d.yaml', 'd') +
			`---\n${configMap('e')}`;
		await write({
			'c/Chart.yaml': 'name: shop\n',
			'c/templates/a.yaml': '{{ if .Values.a }}\n',
			'c/charts/db/templates/b.yaml': configMap('{{ .Release.Name }}'),
			'c/crds/d.yaml': `${configMap('d')}---\n${configMap('e')}`,
			'bin/helm': printing(text),
		});
		expect(await placesOf('c')).toEqual([
			{ file: 'c/templates/a.yaml' },
			{ file: 'c/charts/db/templates/b.yaml' },
			{ file: 'c/Chart.yaml' },
			{ file: 'c/crds/d.yaml', line: 1, column: 1 },
			{ file: 'c/crds/d.yaml', line: 6, column: 1 },
		]);
	});
});

describe('a failed rendering is one sentence with the own words of the program, and its place', () => {
	test.each([
		[
			'kustomize',
			"# Warning: 'bases' is deprecated.\nError: accumulating resources: no such file 'x.yaml'\n",
			"kustomize cannot render k: accumulating resources: no such file 'x.yaml'",
		],
		[
			'kubectl',
			'error: accumulating resources: "x.yaml"\n\n',
			'kubectl cannot render k: accumulating resources: "x.yaml"',
		],
		[
			'kubectl',
			'E1121 09:21:43.2 20981 run.go:72] "command failed" err="invalid \\"x.yaml\\""\n',
			'kubectl cannot render k: invalid "x.yaml"',
		],
	])('%s: %j', async (program, stderr, message) => {
		const failing = printing(stderr, 1);
		await write({ 'k/kustomization.yaml': '', [`bin/${program}`]: failing });
		const place = { file: 'k/kustomization.yaml' };
		await expect(read('k')).rejects.toMatchObject({ exitCode: 1, message, place });
	});

	test.each([
		[
			'Error: execution error at (shop/templates/a.yaml:3:4): name is required\n\nUse --debug flag to render out invalid YAML\n',
			'execution error at (shop/templates/a.yaml:3:4): name is required',
			{ file: 'c/templates/a.yaml', line: 3, column: 4 },
		],
		[
			'WARNING: Kubernetes configuration file is group-readable.\nError: YAML parse error on shop/templates/a.yaml: line 9\n',
			'YAML parse error on shop/templates/a.yaml: line 9',
			{ file: 'c/templates/a.yaml' },
		],
		[
			'Error: values do not meet the schema:\nshop:\n- replicas: is required\n',
			'values do not meet the schema: shop: - replicas: is required',
			{ file: 'c/Chart.yaml' },
		],
	])('helm: %j', async (stderr, why, place) => {
		await write({
			'c/Chart.yaml': 'name: shop\n',
			'c/templates/a.yaml': '',
			'bin/helm': printing(stderr, 1),
		});
		const message = `helm cannot render c: ${why}`;
		await expect(read('c')).rejects.toMatchObject({ message, place });
	});

	test('what a program makes that is no object is told with its line there', async () => {
		await write({ 'c/Chart.yaml': 'name: c\n', 'bin/helm': printing('a: 1\na: 2') });
		await expect(read('c')).rejects.toMatchObject({
			message: expect.stringMatching(
				/^What helm makes of it .* from line 2 of its output on: .*un/,
			),
			place: { file: 'c/Chart.yaml' },
		});
	});
});
