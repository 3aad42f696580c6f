import { type FactKind, kinds } from '../../src/ingest/index.ts'

const INTRODUCTION = `# Facts

Every kind of fact that can be brought in: by \`daybreak import <kind>\` ([files](import.md)) or \`POST /api/facts/<kind>\`
([HTTP](ingest.md)). The columns are those of the table, and so are the fields over HTTP.

Bold ones must be there. Times are not more than 5 minutes ahead of now unless they may lie ahead (at most twenty years), and not before
1970. Money is in minor units of the client's currency. Text has at most 200 characters where nothing else is said.

This page is generated from \`src/ingest/kinds/\` by \`npm run docs\`.
`

/** docs/facts.md: a section for every kind of fact, in the order of src/ingest/kinds/index.ts. */
export function factsPage(): string {
  return `${INTRODUCTION}${kinds.map(section).join('')}`
}

function section(kind: FactKind): string {
  const { name, aliases, table, time, columns } = kind
  const other = aliases.filter((alias) => alias !== table).map((alias) => `\`${alias}\``)
  const dated = time === null ? 'known by its id alone' : `dated by \`${time}\``
  const called = other.length === 0 ? '' : `, also called ${other.join(', ')}`
  const rows = Object.entries(columns).map(([column, declared]) => {
    const isNeeded = declared.required === true && declared.type !== 'currency'
    return `| ${isNeeded ? `**\`${column}\`**` : `\`${column}\``} | ${values(declared)} | ${absent(declared)} |`
  })
  return `\n## ${name}\n\nTable \`${table}\`, ${dated}${called}.\n\n| column | holds | missing |\n|---|---|---|\n${rows.join('\n')}\n`
}

type Column = FactKind['columns'][string]

const TYPES: Record<Column['type'], string> = {
  id: 'id',
  text: 'text',
  texts: 'list of texts',
  integer: 'whole number',
  number: 'number',
  seconds: 'whole seconds',
  boolean: 'true or false',
  instant: 'time',
  date: 'date',
  money: 'money',
  currency: "the client's currency",
  attributes: 'JSON object',
}

function values({ type, oneOf, min, max, mayBeAhead }: Column): string {
  if (oneOf !== undefined) return oneOf.map((word) => `\`${word}\``).join(', ')
  if (mayBeAhead === true) return 'time, may lie ahead'
  const numeric = ['integer', 'number', 'seconds', 'money'].includes(type)
  if (!numeric) return max === undefined || max === 200 ? TYPES[type] : `${TYPES[type]}, at most ${max} characters`
  if (min === undefined) return TYPES[type]
  return max === undefined || max > 1_000_000 ? `${TYPES[type]}, from ${min}` : `${TYPES[type]}, ${min} to ${max}`
}

function absent({ type, required, whenEmpty }: Column): string {
  if (type === 'currency') return "the client's"
  if (required === true) return ''
  if (whenEmpty === undefined) return 'not known'
  return whenEmpty === '{}' ? 'empty' : `\`${whenEmpty}\``
}
