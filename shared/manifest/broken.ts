import { Failure, formatPlace } from '../failure/failure.ts';
import { placesIn } from './text.ts';

export function nestedTooDeep(deepest: number): string {
	return `nested deeper than ${deepest} levels`;
}

/** A file that cannot be read, by the line and column where it stops making sense. */
export function broken(file: string, text: string, offset: number, why: string): Failure {
	const place = placesIn(file, text)(offset);
	return new Failure(`${formatPlace(place)}: cannot be read: ${why}`, { place });
}
