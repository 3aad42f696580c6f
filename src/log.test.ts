import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { relayLine } from './log.ts'

test("another process's line goes into our log as its own would, and what is no line of a log is left to the caller", () => {
  const written: unknown[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => written.push(JSON.parse(line)) })
  const lines = [
    '{"level":40,"time":"2026-03-01T00:00:00Z","run_id":"r1","msg":"the fonts lack something"}',
    '{"level":20,"msg":"below what we log"}',
    '{"some":"thing else"}',
    '{ no JSON',
    'FATAL ERROR',
  ]
  expect(lines.map((line) => relayLine(log, line))).toEqual([
    { level: 'warn', message: 'the fonts lack something' },
    { level: 'debug', message: 'below what we log' },
    null,
    null,
    null,
  ])
  expect(written).toEqual([{ level: 40, run_id: 'r1', msg: 'the fonts lack something' }])
})

test('work goes on while nothing can be written', () => {
  const program = `import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
    const log = createLog('info')
    for (let n = 0; n < 20_000; n += 1) log.info({ n }, 'x'.repeat(100))
    process.stdout.write(String(process.memoryUsage().rss < 300e6))`
  const full = openSync('/dev/full', 'w')
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', full],
  })
  closeSync(full)
  expect([stdout.toString(), status]).toEqual(['true', 0])
})
