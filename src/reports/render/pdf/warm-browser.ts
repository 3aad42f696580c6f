import type { Browser } from 'puppeteer-core'
import { messageOf } from '../../../errors.ts'
import type { Log } from '../../../log.ts'

export type StartedBrowser = { browser: Browser; profile: string }

/** A browser lent for one print. `spent`: do not lend it again, something went wrong in it. */
export type Lent = { started: StartedBrowser; release(state: { spent: boolean }): Promise<void> }

export type WarmBrowser = {
  /** Lends the running browser, or starts one; callers that come while it starts share it. */
  take(): Promise<Lent>
  /** Ends every browser, those that are lent too, and starts none after. */
  close(): Promise<void>
}

/** A browser collects litter: after this many prints another takes its place. */
const PRINTS_MAX = 100

/** Once spent it is not lent any more and ends with its last print. */
type Warm = { started: StartedBrowser; prints: number; lent: number; spent: boolean }

type Keeper = { start(): Promise<StartedBrowser>; end(started: StartedBrowser): Promise<void>; log: Log }

/** Keeps one browser running between prints. */
export function keepWarm(keeper: Keeper): WarmBrowser {
  const running = new Set<Warm>()
  let current: Promise<Warm> | null = null
  let closed = false

  async function start(): Promise<Warm> {
    const warm: Warm = { started: await keeper.start(), prints: 0, lent: 0, spent: false }
    running.add(warm)
    warm.started.browser.once('disconnected', () => {
      spend(warm)
      endIfDone(warm).catch((error) => keeper.log.warn({ error: messageOf(error) }, 'a crashed Chromium left files'))
    })
    return warm
  }

  function spend(warm: Warm): void {
    if (warm.spent) return
    warm.spent = true
    current = null
  }

  async function endIfDone(warm: Warm): Promise<void> {
    if (!warm.spent || warm.lent > 0 || !running.delete(warm)) return
    await keeper.end(warm.started)
  }

  async function take(): Promise<Lent> {
    if (closed) throw new Error('The PDF printer is closed.')
    current ??= start().catch((error) => {
      current = null
      throw error
    })
    const warm = await current
    warm.prints += 1
    warm.lent += 1
    if (warm.prints >= PRINTS_MAX) spend(warm)
    return {
      started: warm.started,
      release({ spent }) {
        if (spent) spend(warm)
        warm.lent -= 1
        return endIfDone(warm)
      },
    }
  }

  async function close(): Promise<void> {
    closed = true
    // One that does not start needs no end; whoever waits for it hears why.
    await current?.catch(() => null)
    const ending = [...running].map((warm) => keeper.end(warm.started))
    running.clear()
    await Promise.all(ending)
  }

  return { take, close }
}
