import { shortForms, stepOfShortForms } from '../../plugins/cli/short-forms.ts';
import { type AnyStep, type Input, kindOf } from '../../shared/step/declare.ts';
import { choicesOf, describeInput } from '../../shared/step/help.ts';
import { firstSentence } from '../../shared/step/read-inputs.ts';

/** What can be completed after the name of a step. */
interface Option {
	readonly name: string;
	readonly text: string;
	readonly takesValue: boolean;
	/** What the value may be; files where it is not told. */
	readonly choices: readonly string[];
}

const anyStep: readonly Option[] = [
	{ name: 'config', text: 'File with inputs', takesValue: true, choices: [] },
	{ name: 'ci', text: 'Which CI this is', takesValue: true, choices: [] },
	{ name: 'help', text: "The step's inputs and outputs", takesValue: false, choices: [] },
];

function optionsOf(step: AnyStep): Option[] {
	const inputs = Object.entries(step.inputs as Record<string, Input>).flatMap(
		([name, declared]): Option[] => {
			const isFlag = kindOf(declared.schema) === 'boolean';
			const text = firstSentence(describeInput(declared, { withDefault: false }));
			const option = { text, takesValue: !isFlag, choices: choicesOf(declared) ?? [] };
			return isFlag
				? [
						{ ...option, name },
						{ ...option, name: `no-${name}`, text: `Not: ${text}` },
					]
				: [{ ...option, name }];
		},
	);
	return [...inputs, ...anyStep];
}

/** What can stand first: a step, or a short form of one. */
interface Command {
	readonly name: string;
	readonly text: string;
	readonly options: readonly Option[];
}

function commandsOf(steps: readonly AnyStep[]): Command[] {
	const ofSteps = steps.map((step) => ({
		name: step.name,
		text: step.title,
		options: optionsOf(step),
	}));
	const { options = [] } = ofSteps.find(({ name }) => name === stepOfShortForms) ?? {};
	const short = Object.entries(shortForms).map(([name, text]) => ({ name, text, options }));
	return [...ofSteps, ...short];
}

const ownCommand = { name: 'completion', text: 'A script for a shell', choices: 'bash zsh fish' };

/** Scripts that complete the command's steps and inputs, by the shell they are for. */
export function completions(steps: readonly AnyStep[]): Readonly<Record<string, string>> {
	const commands = commandsOf(steps);
	const note = (shell: string, load: string) =>
		`# Completion of lockstep for ${shell}: ${load}\n# Written by npm run build from actions/*/step.ts.\n`;
	return {
		bash: note('bash', 'source <(lockstep completion bash)') + bash(commands),
		zsh: `#compdef lockstep\n${note('zsh', 'source <(lockstep completion zsh)')}${zsh(commands)}`,
		fish: note('fish', 'lockstep completion fish | source') + fish(commands),
	};
}

function bash(commands: readonly Command[]): string {
	const cases = commands.map((command) => {
		const options = command.options.map(({ name }) => `--${name}`);
		return `\t\t${command.name}) options=${quote(options.join(' '))} ;;\n`;
	});
	const values = commands.flatMap((command) =>
		command.options
			.filter(({ choices }) => choices.length > 0)
			.map(
				({ name, choices }) =>
					`\t\t${quote(`${command.name} --${name}`)}) values=${quote(choices.join(' '))} ;;\n`,
			),
	);
	return `_lockstep() {
	local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} step=\${COMP_WORDS[1]}
	local options='' values=''
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W ${quote(namesOf(commands).join(' '))} -- "$word")
		return
	fi
	case "$step" in
${cases.join('')}		${ownCommand.name}) values='${ownCommand.choices}' ;;
	esac
	case "$step $before" in
${values.join('')}	esac
	if [ -n "$values" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _lockstep lockstep
`;
}

function zsh(commands: readonly Command[]): string {
	const escaped = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
	const described = [...commands, ownCommand].map(({ name, text }) => `${name}:${escaped(text)}`);
	const cases = commands.map((command) => {
		const specs = command.options.map(({ name, text, takesValue, choices }) => {
			const action = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
			const value = takesValue ? `:${name}:${action}` : '';
			return `\t\t\t${quote(`*--${name}[${escaped(text)}]${value}`)}`;
		});
		return `\t${command.name})\n\t\t_arguments \\\n${specs.join(' \\\n')}\n\t\t;;\n`;
	});
	return `_lockstep() {
	local -a steps
	steps=(
${described.map((line) => `\t\t${quote(line)}\n`).join('')}	)
	if (( CURRENT == 2 )); then
		_describe step steps
		return
	fi
	local step=$words[2]
	shift words
	(( CURRENT-- ))
	case $step in
${cases.join('')}	${ownCommand.name})
		_values shell ${ownCommand.choices}
		;;
	esac
}
compdef _lockstep lockstep
`;
}

function fish(commands: readonly Command[]): string {
	const names = namesOf(commands).join(' ');
	const first = [...commands, ownCommand].map(
		({ name, text }) =>
			`complete -c lockstep -f -n ${quote(`not __fish_seen_subcommand_from ${names}`)} -a ${name} -d ${fishQuote(text)}\n`,
	);
	const options = commands.flatMap((command) =>
		command.options.map(({ name, text, takesValue, choices }) => {
			const value = takesValue ? ' -r' : '';
			const values = choices.length > 0 ? ` -f -a ${quote(choices.join(' '))}` : '';
			return `complete -c lockstep -n '__fish_seen_subcommand_from ${command.name}' -l ${name}${value}${values} -d ${fishQuote(text)}\n`;
		}),
	);
	const shells = `complete -c lockstep -f -n '__fish_seen_subcommand_from ${ownCommand.name}' -a '${ownCommand.choices}'\n`;
	return [...first, ...options, shells].join('');
}

function namesOf(commands: readonly Command[]): string[] {
	return [...commands, ownCommand].map(({ name }) => name);
}

/** For bash and zsh: nothing in it is filled in. */
function quote(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuote(text: string): string {
	return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
