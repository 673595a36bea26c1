import { editCases } from './edit-cases.ts';
import { digestA, digestB } from './files.ts';

editCases('digests', [
	{
		rule: 'a tag and a digest',
		before: 'image: org/api:v1\n',
		after: `image: org/api:v2@${digestA}\n`,
		change: { tag: 'v2', digest: digestA },
	},
	{
		rule: 'a digest takes no tag',
		before: 'image: org/api:v1\n',
		after: `image: org/api@${digestA}\n`,
		change: { digest: digestA },
	},
	{
		rule: 'a new digest',
		before: `image: org/api@${digestA}\n`,
		after: `image: org/api@${digestB}\n`,
		change: { digest: digestB },
	},
	{
		rule: 'a new tag drops the digest',
		before: `image: org/api:v1@${digestA} # c\n`,
		after: 'image: org/api:v2 # c\n',
	},
	{
		rule: 'tag and digest in a tag key',
		before: `image: {repository: org/api, tag: v1@${digestA}}\n`,
		after: `image: {repository: org/api, tag: v2@${digestB}}\n`,
		change: { tag: 'v2', digest: digestB },
	},
	{
		rule: 'a digest key is emptied by a tag alone',
		before: `image:\n  repository: org/api\n  tag: v1\n  digest: "${digestA}"\n`,
		after: 'image:\n  repository: org/api\n  tag: v2\n  digest: ""\n',
	},
	{
		rule: 'a tag key is kept by a digest alone',
		before: 'image:\n  repository: org/api\n  tag: v1\n  digest:\n',
		after: `image:\n  repository: org/api\n  tag: v1\n  digest: ${digestA}\n`,
		change: { digest: digestA },
	},
]);
