import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const program = fileURLToPath(import.meta.resolve('../support/render-large.ts'))

/** 60 MB of rows, in a process whose heap holds 48 MB. */
const ROWS = 60_000
const HEAP_MB = 48

async function renderInLittleMemory(mode: string): Promise<number> {
  const { stdout } = await run(process.execPath, [`--max-old-space-size=${HEAP_MB}`, program, mode, String(ROWS)], {
    timeout: 240_000,
  })
  return Number(stdout)
}

test.concurrent.each(['xlsx', 'csv', 'json'])('%s is written without holding the rows', async (format) => {
  expect(await renderInLittleMemory(format)).toBeGreaterThan(format === 'xlsx' ? 1_000_000 : 60_000_000)
})

test('held rows would not fit', async () => {
  await expect(renderInLittleMemory('hold')).rejects.toThrow('heap out of memory')
})
