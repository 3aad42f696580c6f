import { defineFault, quantile, verdict } from '../faults/fault.ts'
import { given } from '../support/given.ts'
import { type FloodReport, flood, type LoadRequest } from './flood.ts'
import { givenDearClient } from './flood-world.ts'
import { type Flood, floods } from './floods.ts'
import { checkWorks } from './lives.ts'
import { OURS } from './visitors.ts'

export const floodsOfEach = defineFault({
  name: 'floods',
  title: `connections that ask without a pause for the dearest that each role, and a stranger, may ask for: ${floods.map(({ title }) => title).join('; ')}`,
  mark: 'the limits answer (429, 503), nothing fails, /livez answers throughout; the process lives, and still does a run; times are measured by npm run bench:hostile',
  backends: ['postgres'],
  servers: 'shared',
  alone: true,
  short: { connections: 30, forMs: 700, restMs: 100 },
  long: { connections: 100, forMs: 10_000, restMs: 1500 },
  async run(world, options) {
    await given.client(world.db, { id: OURS })
    const dear = await givenDearClient(world.db)
    // The limits are those of production: the whole point is that they hold.
    const node = await world.start('scheduler,worker,board', { S3_BUCKET: '', TRUSTED_PROXIES: 'loopback' })
    const missed: [boolean, string][] = []
    const figures: Record<string, string> = {}
    const place = { database: world.database, url: node.url() }
    // All before the first of them: nobody signs in beside a flood.
    const made = new Map<Flood, LoadRequest[]>()
    for (const one of floods) made.set(one, await one.requests(place, dear))
    for (const [one, requests] of made) {
      world.signal.throwIfAborted()
      const report = await flood({ url: node.url(), pid: node.pid }, { requests, ...options })
      if (!node.isAlive()) throw new Error(`the process ended under ${one.title}`)
      figures[one.name] = figureOf(report)
      world.say(`${one.title}: ${figures[one.name]}`)
      missed.push(...marksOf(one, report))
    }
    await checkWorks(world, node, 'all floods')
    return verdict(figures, missed)
  },
})

function marksOf({ name, isLimited }: Flood, report: FloodReport): [boolean, string][] {
  const { answered, refused, failed, broken, livezRefused, livezMs } = report
  return [
    [failed === 0, `${name}: ${failed} answered with 5xx`],
    [broken === 0, `${name}: ${broken} broken off or without an answer`],
    [answered + refused > 0, `${name}: nothing was answered`],
    [!isLimited || refused > 0, `${name}: no limit answered`],
    [
      livezRefused === 0,
      `${name}: ${livezRefused} of ${livezMs.length} questions to /livez were not answered with 200`,
    ],
  ]
}

const whole = (value: number | null) => Math.round(value ?? 0).toLocaleString('en')

/** What a flood did, in the words of the table. */
export function figureOf({ livezMs, answered, refused, failed, broken, restMb, peakMb }: FloodReport): string {
  const [p50, p99, most] = [quantile(livezMs, 0.5), quantile(livezMs, 0.99), quantile(livezMs, 1)]
  const others = failed + broken === 0 ? '' : `, ${whole(failed)} failed, ${whole(broken)} broken off`
  return `/livez ${whole(p50)} / ${whole(p99)} / ${whole(most)} ms, ${whole(answered)} answered, ${whole(refused)} refused${others}, ${whole(restMb)} → ${whole(peakMb)} MB`
}
