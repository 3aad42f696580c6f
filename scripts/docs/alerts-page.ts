import { alertKinds } from '../../src/alerts/index.ts'

const INTRODUCTION = `# Alerts

What Daybreak tells people by itself: each thing once, however often it is noticed and however many processes look. Who is told, and how, is in
the [runbook](runbook.md#who-is-told).

This page is generated from \`src/alerts/kinds/\` by \`npm run docs\`.
`

/** docs/alerts.md: a row for every kind of alert, in the order of src/alerts/kinds/index.ts. */
export function alertsPage(): string {
  const rows = alertKinds.map(
    ({ name, subject, notices, closes, runbook }) =>
      `| \`${name}\` | ${subject} | ${notices} | ${closes} | [runbook](runbook.md#${runbook}) |`,
  )
  return `${INTRODUCTION}\n| alert | about a | when | it closes | what to do |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}
