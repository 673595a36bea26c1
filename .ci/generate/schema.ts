import * as z from 'zod/mini';
import type { AnyStep, Input } from '../../shared/step/declare.ts';
import { kindOf } from '../../shared/step/declare.ts';
import { describeInput } from '../../shared/step/help.ts';

/** A JSON Schema of the step's `settings` on Drone and Woodpecker. */
export function settingsSchema(step: AnyStep): string {
	const inputs = Object.entries(step.inputs as Record<string, Input>);
	const schema = {
		$schema: 'https://json-schema.org/draft/2020-12/schema',
		title: `settings of ${step.name}`,
		description: step.title,
		type: 'object',
		properties: Object.fromEntries(inputs.map(([name, declared]) => [name, settingOf(declared)])),
		required: inputs.filter(([, { required }]) => required).map(([name]) => name),
		additionalProperties: false,
		$defs: {
			secret: {
				description: "A secret of the CI's, by its name",
				type: 'object',
				properties: { from_secret: { type: 'string' } },
				required: ['from_secret'],
				additionalProperties: false,
			},
		},
	};
	return `${JSON.stringify(schema, null, 2)}\n`;
}

/** A list or a map may be written as text too, a line each. */
function settingOf(declared: Input): object {
	const { $schema: _, ...value } = z.toJSONSchema(declared.schema, { io: 'input' });
	const kind = kindOf(declared.schema);
	const text = kind === 'array' || kind === 'record' ? [{ type: 'string' }] : [];
	return {
		description: describeInput(declared, { withDefault: false }),
		...(declared.default === undefined ? {} : { default: typed(declared.default, kind) }),
		anyOf: [value, ...text, { $ref: '#/$defs/secret' }],
	};
}

function typed(initial: string, kind: string): unknown {
	return kind === 'boolean' || kind === 'number' ? JSON.parse(initial) : initial;
}
