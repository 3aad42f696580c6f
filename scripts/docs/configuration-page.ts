import { z } from 'zod'
import { settings } from '../../src/config.ts'

type SettingSchema = {
  type?: string
  format?: string
  enum?: string[]
  pattern?: string
  minimum?: number
  maximum?: number
  default?: unknown
  description?: string
}

/** docs/configuration.md: a row for every setting, in the order of src/config.ts. */
export function configurationPage(): string {
  const defaults: Record<string, unknown> = settings.parse({})
  const { properties = {} } = z.toJSONSchema(settings, { io: 'input' }) as {
    properties?: Record<string, SettingSchema>
  }
  const rows = Object.entries(properties).map(([name, schema]) => {
    // A default given after a transformation is no part of the input's schema.
    const standard = schema.default ?? defaults[name]
    const shown =
      standard === undefined ? 'unset' : `\`${typeof standard === 'string' ? standard : JSON.stringify(standard)}\``
    return `| \`${name}\` | ${cell(typeOf(schema))} | ${cell(shown)} | ${cell(schema.description ?? '')} |`
  })
  return `${INTRODUCTION}\n| setting | type | default | what it does |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

const INTRODUCTION = `# Configuration

Every setting is an environment variable. All have a default or may stay unset: with none of them everything runs embedded, on this
machine. A wrong one stops the start, and all that are wrong are named at once. \`daybreak doctor\` checks what they point to.

This page is generated from \`src/config.ts\` by \`npm run docs\`.
`

function typeOf(schema: SettingSchema): string {
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(' or ')
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type} ${range(schema)}`.trim()
  if (schema.format === 'uri') return 'address'
  return 'text'
}

function range({ minimum, maximum }: SettingSchema): string {
  const from = minimum === undefined ? null : String(minimum)
  const to = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : String(maximum)
  if (from !== null && to !== null) return `${from} to ${to}`
  if (from !== null) return `from ${from}`
  return to === null ? '' : `up to ${to}`
}

/** A pipe would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
