/** `lockstep approve 3` is `lockstep review-promotion --action=approve --number=3`. */
export const shortForms = {
	show: 'Show a pull request of promotion-pr, or all',
	approve: 'Approve one',
	merge: 'Merge one',
} as const;

/** The step that they are short for. */
export const stepOfShortForms = 'review-promotion';
