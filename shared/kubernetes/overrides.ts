import { badInput } from '../failure/failure.ts';
import { formatReference, parseReference, sameRepository } from '../image/reference.ts';
import type { Manifest } from './manifest-text.ts';
import { type Container, containersOf, podSpecOf } from './object.ts';

/**
 * Puts other images into the containers of a set: each whose image is of the repository
 * `name`, whatever its tag, gets the whole reference. The files stay as they are.
 * @param overrides - references by the name of the image that they take the place of
 * @param inputName - what the user calls the input that they come from
 * @throws Failure (bad input) for a reference that is none, or a name that no container uses
 */
export function overrideImages(
	manifests: readonly Manifest[],
	overrides: Readonly<Record<string, string>>,
	inputName: string,
): void {
	const containers = manifests.flatMap(({ object }) => containersOf(podSpecOf(object)));
	const before = new Map(containers.map((container) => [container, repositoryOf(container)]));
	for (const [name, text] of Object.entries(overrides)) {
		const reference = parseReference(text);
		if (reference === undefined) throw badInput(`${inputName}: "${text}" is no image reference`);
		const users = containers.filter((container) => {
			const repository = before.get(container);
			return repository !== undefined && sameRepository(repository, name);
		});
		if (users.length === 0) {
			const used = [...new Set([...before.values()].filter((used) => used !== undefined))];
			throw badInput(
				`${inputName}: no container of the set uses ${name}; there are ${used.join(', ') || 'none'}`,
			);
		}
		for (const container of users) container.image = formatReference(reference);
	}
}

/** Whatever else stands there as the image is left to the server. */
function repositoryOf({ image }: Container): string | undefined {
	return typeof image === 'string' ? parseReference(image)?.name : undefined;
}
