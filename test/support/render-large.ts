import { createLog } from '../../src/log.ts'
import type { ReportFormat, Row } from '../../src/reports/document.ts'
import { renderers } from '../../src/reports/render/index.ts'
import { golden } from '../golden/document.ts'

/**
 * Started by render-large.test.ts with little memory: renders a streamed table and prints how many bytes came of it.
 * With `hold` it keeps the rows instead, to show that they would not fit.
 */
const [mode = '', count = '0'] = process.argv.slice(2)

async function* rows(): AsyncGenerator<Row> {
  for (let index = 0; index < Number(count); index += 1) {
    yield { name: `Customer ${index} ${String(index % 10).repeat(1000)}`, net: index }
  }
}

async function render(format: ReportFormat): Promise<number> {
  const columns = [
    { key: 'name', label: 'Name', type: 'text' as const },
    { key: 'net', label: 'Net', type: 'money' as const, total: 'sum' as const },
  ]
  const document = {
    meta: golden.meta,
    blocks: [{ kind: 'table' as const, id: 'large', title: 'Large', columns, rows, empty: '' }],
  }
  const unused = { printer: null as never, fonts: null as never }
  let bytes = 0
  for await (const chunk of renderers[format].render(document, {
    ...unused,
    log: createLog('silent'),
    signal: AbortSignal.timeout(240_000),
  })) {
    bytes += chunk.length
  }
  return bytes
}

const result =
  mode === 'hold'
    ? (await Array.fromAsync(rows(), ({ name }) => Buffer.from(String(name)).toString('latin1'))).length
    : await render(mode as ReportFormat)
process.stdout.write(`${result}\n`)
