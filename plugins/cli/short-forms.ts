/** `lockstep approve 3` is `lockstep review-promotion --action=approve --number=3`. */
export const shortForms = {
	show: 'Show a pull request of promotion-pr, or all',
	approve: 'Approve one',
	merge: 'Merge one',
	close: 'Close one without merging it',
	comment: 'Say something of one',
	ready: 'Take a draft for one that may be merged',
} as const;

/** The step that they are short for. */
export const stepOfShortForms = 'review-promotion';
