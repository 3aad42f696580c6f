/** A fault that happened, as the table shows it. */
export type FaultRow = { fault: string; backend: string; figures: string; mark: string; held: boolean; on: string }

/** Which page has the table, and which command writes it: `npm run <command> -- --write`. */
export type FaultPage = { command: string; path: string }

const END = '<!-- end of faults -->'
const HEAD = ['| fault | backend | figures | must hold | held | measured |', '|---|---|---|---|---|---|']

/** The page with these rows in its table; rows of faults that did not happen this time stay. */
export function mergeFaultTable(page: string, rows: readonly FaultRow[], { command, path }: FaultPage): string {
  const begin = `<!-- faults: written by \`npm run ${command} -- --write\` -->`
  const from = page.indexOf(begin)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error(`${path} lacks the lines ${begin} and ${END}`)
  const before = page
    .slice(from + begin.length, to)
    .split('\n')
    .filter((line) => line.startsWith('| ') && line !== HEAD[0])
  const lines = new Map(before.map((line) => [line.split(' | ').slice(0, 2).join(' | '), line]))
  for (const row of rows) lines.set(`| ${row.fault} | ${row.backend}`, lineOf(row))
  return `${page.slice(0, from)}${[begin, '', ...HEAD, ...lines.values(), '', END].join('\n')}${page.slice(to + END.length)}`
}

function lineOf({ fault, backend, figures, mark, held, on }: FaultRow): string {
  const safe = [fault, backend, figures, mark, held ? 'held' : '**missed**', on].map((cell) =>
    cell.replaceAll('|', '/').replaceAll('\n', ' '),
  )
  return `| ${safe.join(' | ')} |`
}
