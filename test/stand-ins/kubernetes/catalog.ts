import { customResourceSchema } from './crd-schema.ts';
import { apiVersionOf, builtInKinds, type Kind } from './kinds.ts';
import { at, type Json, type KubeObject } from './objects.ts';

/** The kinds that are served now: the built-in ones and those of established CustomResourceDefinitions. */
export class Catalog {
	readonly #custom = new Map<string, Kind[]>();

	kinds(): Kind[] {
		return [...builtInKinds, ...[...this.#custom.values()].flat()];
	}

	/** The kind behind a request's path, or undefined when the server does not serve it. */
	resource(group: string, version: string, plural: string): Kind | undefined {
		return this.kinds().find(
			(kind) => kind.group === group && kind.version === version && kind.plural === plural,
		);
	}

	ofObject({ apiVersion, kind: name }: { apiVersion: string; kind: string }): Kind | undefined {
		return this.kinds().find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
	}

	named(kindName: string): Kind {
		const found = this.kinds().find((kind) => kind.kind === kindName);
		if (found === undefined) throw new Error(`no kind is called ${kindName}`);
		return found;
	}

	/** Serves the versions of a CustomResourceDefinition from now on. */
	establish(definition: KubeObject): void {
		const names = at(definition, 'spec', 'names');
		const group = text(at(definition, 'spec', 'group'));
		const kind = text(at(names, 'kind'));
		const plural = text(at(names, 'plural'));
		const kinds = list(at(definition, 'spec', 'versions'))
			.filter((version) => at(version, 'served') === true)
			.map(
				(version): Kind => ({
					group,
					version: text(at(version, 'name')),
					kind,
					plural,
					singular: text(at(names, 'singular')) || kind.toLowerCase(),
					shortNames: list(at(names, 'shortNames')).map(String),
					namespaced: at(definition, 'spec', 'scope') !== 'Cluster',
					subresources: Object.keys(at(version, 'subresources') ?? {}),
					generation: true,
					schema: customResourceSchema(at(version, 'schema', 'openAPIV3Schema'), kind),
					custom: true,
				}),
			);
		this.#custom.set(definition.metadata.name, kinds);
	}

	withdraw(definition: KubeObject): void {
		this.#custom.delete(definition.metadata.name);
	}
}

function text(value: Json | undefined): string {
	return typeof value === 'string' ? value : '';
}

function list(value: Json | undefined): Json[] {
	return Array.isArray(value) ? value : [];
}
