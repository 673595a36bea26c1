const marker =
	/[ \t]*#[ \t]*\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*"([^":\s]+:[^":\s]+)(?::(tag|name|digest))?"/y;

/**
 * The setter comment of Flux's image automation behind a value, such as
 * `# {"$imagepolicy": "flux-system:api:tag"}`; without a field the value is a whole
 * reference (fluxcd.io/flux/guides/image-update).
 */
export function fluxMarkerAfter(
	text: string,
	end: number,
): { policy: string; field: string } | undefined {
	marker.lastIndex = end;
	const match = marker.exec(text);
	return match?.[1] === undefined ? undefined : { policy: match[1], field: match[2] ?? '' };
}
