import { Command } from 'commander'
import { COMMANDS } from '../../../src/main/command-list.ts'
import { reportNames } from '../../../src/reports/catalogue/index.ts'
import type { Rule } from './rule.ts'

/**
 * A command at the start of a line or of inline code, or wherever it is called by its path; up to a pipe, a comment or
 * the end.
 */
const CALLED = /(?:scripts\/daybreak|^daybreak|`daybreak) ([^`\n|;#]*)/gm
const QUOTED = /'[^']*'|"(?:\\.|[^"\\])*"|\$\([^)]*\)/g

/** The real program, with every command in it; nothing runs, so that nothing of their tools is asked for. */
async function realProgram(): Promise<Command> {
  const program = new Command('daybreak')
  for (const load of Object.values(COMMANDS)) (await load())(program, {} as never)
  return program
}

/** What is wrong with the words of a command, or null. */
function faultOf(program: Command, text: string): string | null {
  const words = text.replace(QUOTED, 'TEXT').replace(/[[\]]/g, ' ').trim().split(/\s+/)
  const childOf = (command: Command, name = '') => command.commands.find((child) => child.name() === name)
  const command = childOf(program, words[0])
  if (command === undefined) return `there is no command "${words[0]}"`
  const child = childOf(command, words[1])
  const needsChild = command.commands.length > 0 && command.registeredArguments.length === 0
  if (child === undefined && needsChild && /^[a-z][a-z-]*$/.test(words[1] ?? ''))
    return `${command.name()} has no command "${words[1]}"`
  const known = [...command.options, ...(child?.options ?? [])].map(({ long }) => long)
  const unknown = words.find((word) => word.startsWith('--') && !known.includes(word.replace(/=.*/, '')))
  return unknown === undefined || unknown === '--help' ? null : `${words[0]} has no option ${unknown}`
}

export const commandRules: Rule[] = [
  {
    name: 'commands named in documents exist, with their options',
    async check({ files }) {
      const program = await realProgram()
      return Object.entries(files)
        .filter(([path]) => path.endsWith('.md'))
        .flatMap(([path, text]) =>
          [...text.matchAll(CALLED)].flatMap((call) => {
            const fault = faultOf(program, call[1] ?? '')
            const line = text.slice(0, call.index).split('\n').length
            return fault === null ? [] : [`${path}:${line}: ${fault}`]
          }),
        )
    },
    broken: {
      files: {
        'docs/a.md': [
          'Keys are made by `daybreak key create`, or `daybreak key add NAME --role admin`.',
          '`scripts/daybreak backup` copies; `daybreak import <kind> FILE [--map M]` reads.',
          '```',
          'daybreak report performance --client acme --colour red',
          'A=$(scripts/daybreak runs retry --text "--odd words" --nothing 7)',
          '```',
        ].join('\n'),
      },
      finds: [
        'docs/a.md:1: key has no command "create"',
        'docs/a.md:2: there is no command "backup"',
        'docs/a.md:4: report has no option --colour',
        'docs/a.md:5: runs has no option --nothing',
      ],
    },
  },
  {
    name: 'docs/reports.md has a section for every report of the catalogue',
    check: ({ files }) =>
      reportNames
        .filter((name) => !(files['docs/reports.md'] ?? '').split('\n').includes(`## ${name}`))
        .map((name) => `docs/reports.md has no section "## ${name}"`),
    broken: {
      files: { 'docs/reports.md': `# Reports\n\n## ${reportNames[0]}-and-more\n` },
      finds: reportNames.map((name) => `docs/reports.md has no section "## ${name}"`),
    },
  },
]
