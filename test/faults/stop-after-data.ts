import { sql } from 'kysely'
import { planAgain } from '../../src/queues/runs/plan-runs.ts'
import { defineFault, verdict } from './fault.ts'
import { askForMails, mailsByAddress, senderOf } from './kill-after-250.ts'
import type { NodeProcess } from './node-process.ts'
import { openRuns } from './report-world.ts'
import type { World } from './world.ts'

type Size = { mails: number }

const SETTLE_MS = 120_000

export const stopAfterData = defineFault<Size>({
  name: 'stop-after-data',
  title:
    'SIGSTOP of the worker between the message and the mail server’s 250, until another has taken over; for half of the mails a person asks again before SIGCONT',
  mark: 'one mail, unknown until the worker goes on and then sent, its run done; of a copy that was asked for again both mails are shown; none failed',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { mails: 1 },
  long: { mails: 4 },
  async run(world, { mails }) {
    const addresses = ['late', 'again'].flatMap((kind) =>
      Array.from({ length: mails }, (_, n) => `${kind}-${n}@acme.example`),
    )
    await askForMails(world, addresses)
    const stopped = stopAtMail(world)
    // Each mail costs one of them, and somebody has to take over.
    for (let worker = 0; worker <= addresses.length; worker += 1)
      await world.launch('worker', { CONCURRENCY_DELIVERIES: '1' })
    await world.start('scheduler')
    const states = (state: string) => async () => {
      const copies = await copiesOf(world)
      return copies.length === addresses.length && copies.every((copy) => copy.state === state)
    }
    await world.until('every copy is unknown', SETTLE_MS, states('unknown'))
    await retry(world, 'again-')
    await world.until('the retries have ended', SETTLE_MS, async () => (await openRuns(world)) === 0)
    for (const node of stopped.values()) node.signal('SIGCONT')
    await world.until('every copy is sent and its run done', SETTLE_MS, async () => {
      const copies = await copiesOf(world)
      return copies.every(({ address, state, run, lateMessageId }) =>
        address.startsWith('late-') ? state === 'sent' && run === 'succeeded' : lateMessageId !== null,
      )
    })
    const counts = mailsByAddress(world)
    const copies = await copiesOf(world)
    const taken = new Set(world.smtp.received.map(({ messageId }) => messageId))
    const figures = { 'workers stopped': stopped.size, mails: world.smtp.received.length, sent: copies.length }
    return verdict(figures, [
      [
        copies.every(({ address }) => counts.get(address) === (address.startsWith('late-') ? 1 : 2)),
        `mails: ${JSON.stringify([...counts])}`,
      ],
      [
        copies.every(
          ({ messageId, lateMessageId }) => taken.has(messageId ?? '') && taken.has(lateMessageId ?? messageId ?? ''),
        ),
        `a copy names a mail that the server never took: ${JSON.stringify(copies)}`,
      ],
      [copies.every(({ state, run }) => state === 'sent' && run === 'succeeded'), `copies: ${JSON.stringify(copies)}`],
    ])
  },
})

/** Stops whoever sends the first mail to each address; the server takes it and says so. */
function stopAtMail(world: World): Map<string, NodeProcess> {
  const stopped = new Map<string, NodeProcess>()
  world.smtp.behave(async ([address = '']) => {
    if (!stopped.has(address)) {
      const sender = await senderOf(world, address)
      stopped.set(address, sender)
      sender.signal('SIGSTOP')
    }
    return { kind: 'accept' }
  })
  return stopped
}

type Copy = {
  address: string
  state: string
  messageId: string | null
  lateMessageId: string | null
  run: string
  runId: string
}

async function copiesOf({ db }: World): Promise<Copy[]> {
  const { rows } = await sql<Copy>`
    select d.address, d.state, d.message_id as "messageId", d.late_message_id as "lateMessageId", r.state as run, r.id as "runId"
    from deliveries d join runs r on r.job = 'deliver-copy' and r.payload ->> 'deliveryId' = d.id::text order by d.address`.execute(
    db,
  )
  return rows
}

async function retry(world: World, prefix: string): Promise<void> {
  const again = (await copiesOf(world)).filter(({ address }) => address.startsWith(prefix))
  await planAgain(
    world.db,
    again.map(({ runId: id }) => ({ id })),
    ['failed'],
    { origin: 'person', requestedBy: 'the recipient said so', priority: 1 },
  )
}
