import { Agent, request } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { json } from 'node:stream/consumers'
import type { Load, LoadReport, LoadRequest } from './flood.ts'

/**
 * The load of one flood, in a process of its own, so that neither the program nor whoever asks it for signs of life
 * waits for us. Says at the end how busy it was itself: a load that is busy all the time is no measure of anybody else.
 */

const counts = { answered: 0, refused: 0, failed: 0, broken: 0 }
const load = (await json(process.stdin)) as Load
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
const began = performance.now()
const until = began + load.forMs
const busyBefore = process.cpuUsage()

/** One connection: the next request follows the answer at once. */
async function keepAsking(index: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let turn = index; performance.now() < until; turn += 1) {
    const asked = load.requests[turn % load.requests.length] as LoadRequest
    await ask(agent, asked)
  }
  agent.destroy()
}

function ask(agent: Agent, { method, path, headers, body }: LoadRequest): Promise<void> {
  const { hostname, port } = new URL(load.url)
  const { promise, resolve } = Promise.withResolvers<void>()
  const bytes = body === null ? null : Buffer.from(body, 'base64')
  const length = bytes === null ? {} : { 'Content-Length': bytes.length }
  const sending = request(
    { agent, hostname, port, method, path, headers: { ...length, ...headers }, timeout: load.hangMs },
    (response) => {
      const status = response.statusCode ?? 0
      response.resume()
      response.once('close', () => {
        if (status === 429 || status === 503) counts.refused += 1
        else if (status >= 500) counts.failed += 1
        else counts.answered += 1
        resolve()
      })
    },
  )
  sending.on('timeout', () => sending.destroy(new Error('no answer in time')))
  sending.on('error', () => {
    counts.broken += 1
    resolve()
  })
  sending.end(bytes)
  return promise
}

await Promise.all(Array.from({ length: load.connections }, (_, index) => keepAsking(index)))
const { user, system } = process.cpuUsage(busyBefore)
const report: LoadReport = {
  ...counts,
  forMs: Math.round(performance.now() - began),
  busyShare: (user + system) / 1000 / (performance.now() - began),
  lateP99Ms: delay.percentile(99) / 1e6,
}
process.stdout.write(`${JSON.stringify(report)}\n`)
