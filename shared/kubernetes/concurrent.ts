/**
 * Maps over items, a limited number at a time, and keeps their order. All of them are
 * tried; the first error in the order of the items is thrown at the end.
 */
export async function mapConcurrently<T, R>(
	items: readonly T[],
	limit: number,
	work: (item: T) => Promise<R>,
): Promise<R[]> {
	const outcomes: PromiseSettledResult<R>[] = new Array(items.length);
	let next = 0;
	const worker = async () => {
		for (let index = next++; index < items.length; index = next++)
			outcomes[index] = await work(items[index] as T).then(
				(value) => ({ status: 'fulfilled', value }),
				(reason: unknown) => ({ status: 'rejected', reason }),
			);
	};
	await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
	return outcomes.map((outcome) => {
		if (outcome.status === 'rejected') throw outcome.reason;
		return outcome.value;
	});
}
