import type { Result } from './checks.ts';

/**
 * The results as the XML that CIs read test results from: the common subset of
 * https://github.com/testmoapp/junitxml.
 */
export function junitXml(results: readonly Result[]): string {
	const failed = results.filter(({ failure }) => failure !== undefined).length;
	const total = results.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(1);
	const cases = results.map(({ check, failure, seconds }) => {
		const head = `    <testcase classname="verify-deployment.${check.kind}" name="${escaped(check.name)}" time="${seconds}"`;
		if (failure === undefined) return `${head}/>`;
		return `${head}>\n      <failure message="${escaped(failure)}"/>\n    </testcase>`;
	});
	return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="${results.length}" failures="${failed}" time="${total}">
  <testsuite name="verify-deployment" tests="${results.length}" failures="${failed}" errors="0" skipped="0" time="${total}">
${cases.join('\n')}
  </testsuite>
</testsuites>
`;
}

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	'\n': '&#10;',
	'\t': '&#9;',
};

/** XML 1.0 has no form at all for other control characters. */
function escaped(text: string): string {
	return text
		.replace(/[&<>"\n\t]/g, (sign) => entities[sign] ?? sign)
		.replace(/\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, '\ufffd');
}
