import { sql } from 'kysely'
import { jobs } from '../../src/jobs/index.ts'
import { createLog } from '../../src/log.ts'
import { createRegistry, planNight } from '../../src/queues/index.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { addDays, dayBefore, systemClock } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { defineFault, verdict } from './fault.ts'
import { countReports, openRuns } from './report-world.ts'
import type { World } from './world.ts'

type Size = { historyDays: number; kills: number; settleMs: number }

const REPORTS = ['performance', 'monthly-revenue'] as const
const RECIPIENTS = ['a', 'b']
const FORMATS = ['pdf', 'xlsx', 'csv', 'html', 'json'] as const

export const killTheNight = defineFault<Size>({
  name: 'kill-the-night',
  title:
    'the only process is killed again and again through a whole night: roll-ups, forecast, tiers, reports in every format, mails',
  mark: 'every run ends well, every report exists once in every format, every mail is sent once',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { historyDays: 70, kills: 6, settleMs: 150_000 },
  long: { historyDays: 400, kills: 40, settleMs: 300_000 },
  async run(world, { historyDays, kills, settleMs }) {
    const lastDay = dayBefore(systemClock(), 'Europe/Berlin')
    await makeBusiness(world, lastDay, historyDays)
    const registry = createRegistry(jobs)
    await syncSchedules(world.db, registry, createLog('silent'))
    await planNight(world.db, registry, 'acme', lastDay)
    let killed = 0
    while (killed < kills && (killed === 0 || (await openRuns(world)) > 0)) {
      const node = await world.launch('scheduler,worker')
      await world.sleep(world.random.between(900, 2600))
      await node.kill('SIGKILL')
      killed += 1
    }
    await world.start('scheduler,worker')
    await world.until('the night is over', settleMs, async () => (await openRuns(world)) === 0)
    return judge(world, killed, historyDays)
  },
})

/** Days with a few calls and orders each, and two reports with two recipients each. */
async function makeBusiness({ db }: World, lastDay: string, historyDays: number): Promise<void> {
  await given.client(db, { time_zone: 'Europe/Berlin' })
  const days = Array.from({ length: historyDays }, (_, back) => addDays(lastDay, -back))
  const hours = ['09', '11', '15']
  await given.calls(
    db,
    days.flatMap((day) => hours.map((hour) => [`${day}T${hour}:00:00Z`, { talk_s: 600 }] as [string, object])),
  )
  await given.payments(
    db,
    days.map(
      (day) => [`${day}T10:00:00Z`, { amount_minor: 1999, customer_id: `c-${day.slice(-2)}` }] as [string, object],
    ),
  )
  const recipients = RECIPIENTS.map((name) => ({
    address: `${name}@acme.example`,
    formats: ['pdf' as const, 'xlsx' as const],
  }))
  for (const report of REPORTS)
    await givenReportSchedule(db, {
      name: report,
      cron: '30 5 * * *',
      recipients,
      asked: { report, formats: [...FORMATS] },
    })
}

async function judge(world: World, kills: number, historyDays: number) {
  const { rows } = await sql<{ job: string; n: number }>`
    select job, count(*)::int as n from runs where state = 'succeeded' group by job`.execute(world.db)
  const done = Object.fromEntries(rows.map(({ job, n }) => [job, n]))
  const count = await countReports(world)
  const { received } = world.smtp
  const perMail = new Set(received.map(({ messageId, to }) => `${messageId} ${to.join()}`))
  const mails = REPORTS.length * RECIPIENTS.length
  const files = REPORTS.length * FORMATS.length
  const figures = {
    kills,
    'roll-ups': done['roll-up-day'] ?? 0,
    lost: count.lost.length,
    mails: received.length,
    'of unknown fate': count.unknown,
    objects: count.objects,
  }
  return verdict(figures, [
    [count.lost.length === 0, `lost: ${count.lost.slice(0, 5).join('; ')}`],
    [(done['roll-up-day'] ?? 0) >= historyDays, `${done['roll-up-day']} days rolled up`],
    [done['render-report'] === REPORTS.length, `${done['render-report']} reports rendered`],
    [done['refresh-tiers'] === 1 && done['forecast-call-volume'] === 1, 'tiers and forecast did not run once each'],
    [
      received.length + count.unsent.length === mails,
      `${received.length} mails, ${count.unsent.length} known not to be sent`,
    ],
    [
      perMail.size === received.length && count.missed.length === 0,
      'a mail was sent twice, or is missing although on record',
    ],
    [count.objects === files && count.notOnce.length === 0, `${count.objects} objects for ${files} files`],
    [count.half.length === 0, `not what was rendered: ${count.half.join(', ')}`],
  ])
}
