import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Ask, askerOf } from './ask.ts'

/** A request of a flood; the body in base64, so that it may be any bytes. */
export type LoadRequest = { method: string; path: string; headers: Record<string, string>; body: string | null }

/** What flood-load.ts is told. The connections take turns at the requests, each from its own place in the list. */
export type Load = { url: string; connections: number; forMs: number; hangMs: number; requests: LoadRequest[] }

/**
 * What it counted. `refused`: 429 or 503. `failed`: any other 5xx. `broken`: a connection that ended, or no answer in
 * time.
 */
export type LoadReport = {
  answered: number
  refused: number
  failed: number
  broken: number
  forMs: number
  /** Of the time, how much it worked itself: near 1 it is what is slow. */
  busyShare: number
  lateP99Ms: number
}

/** What a flood did to the program, as seen from a connection beside it. */
export type FloodReport = LoadReport & {
  /** From when each question was due to its answer. */
  livezMs: number[]
  /** Answers of /livez other than 200. */
  livezRefused: number
  restMb: number
  peakMb: number
  /** How late our own timers were: the least that can be said of anybody's /livez. */
  ownLateMs: number
}

const LIVEZ_EVERY_MS = 50
/** A question in flight beyond this many says as much as one more would. */
const LIVEZ_IN_FLIGHT_MAX = 200
/** What is not answered within this hangs. */
const HANG_MS = 120_000
/** Floods a process that rests: its memory does so some time after the last request. */
export async function flood(
  { url, pid }: { url: string; pid: number },
  { restMs, ...options }: { requests: LoadRequest[]; connections: number; forMs: number; restMs: number },
): Promise<FloodReport> {
  await warmUp(url, options.requests)
  await sleep(restMs)
  const restMb = await residentMb(pid)
  const beside = watch(url, pid)
  const load = await runLoad({ url, hangMs: HANG_MS, ...options })
  return { ...load, restMb, ...(await beside.end()) }
}

/** Each kind of request once: what is made on first use is there when memory is at rest. */
async function warmUp(url: string, requests: readonly LoadRequest[]): Promise<void> {
  const ask = askerOf(url)
  for (const { body, ...asked } of requests.slice(0, 3))
    await ask({ ...asked, ...(body !== null && { body: Buffer.from(body, 'base64') }) })
  ask.close()
}

function watch(url: string, pid: number) {
  const ask = askerOf(url)
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const seen = { livezMs: [] as number[], livezRefused: 0, peakMb: 0 }
  const asked = new Set<Promise<void>>()
  const ending = new AbortController()
  const looking = (async () => {
    while (!ending.signal.aborted) {
      seen.peakMb = Math.max(seen.peakMb, await residentMb(pid))
      if (asked.size < LIVEZ_IN_FLIGHT_MAX) {
        const one: Promise<void> = askLivez(ask, seen).finally(() => asked.delete(one))
        asked.add(one)
      }
      await sleep(LIVEZ_EVERY_MS)
    }
  })()
  return {
    async end() {
      ending.abort()
      await looking
      await Promise.all(asked)
      ask.close()
      return { ...seen, ownLateMs: delay.percentile(99) / 1e6 }
    },
  }
}

async function askLivez(ask: Ask, seen: { livezMs: number[]; livezRefused: number }): Promise<void> {
  const { status, ms }: Answer = await ask({ path: '/livez' })
  seen.livezMs.push(ms)
  seen.livezRefused += Number(status !== 200)
}

async function runLoad(load: Load): Promise<LoadReport> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'flood-load.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.stdin.end(JSON.stringify(load))
  const [report] = await Promise.all([json(child.stdout), once(child, 'exit')])
  process.off('exit', end)
  return report as LoadReport
}

/** Memory of a process in its address space that is in the machine's; NaN where the system does not tell. */
async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? Number.NaN) / 1024
}
