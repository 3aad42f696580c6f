import { sql } from 'kysely'
import type { SmtpBehaviour } from '../support/smtp.ts'
import { defineFault, verdict } from './fault.ts'
import { makeReports, openRuns, planNightly } from './report-world.ts'
import type { World } from './world.ts'

type Size = { each: number; impatient: boolean; silentConnections: number; settleMs: number }

/** How a server may answer, and what must come of it. */
type Kind = {
  name: string
  /** The answer to a mail that comes for the nth time. */
  answer(nth: number): SmtpBehaviour
  ends: string
  mails: number
  /** How often the mail may be handed over, whole; a try that meets no greeting hands over nothing. */
  offers: { least: number; most: number }
}

const TRIES_MAX = 5
const refuse = (code: number, text: string): SmtpBehaviour => ({ kind: 'refuse', code, text })
const accept: SmtpBehaviour = { kind: 'accept' }

const KINDS: Kind[] = [
  { name: 'accepted', answer: () => accept, ends: 'sent', mails: 1, offers: { least: 1, most: 1 } },
  {
    name: '421',
    answer: (nth) => (nth === 1 ? refuse(421, 'closing') : accept),
    ends: 'sent',
    mails: 1,
    offers: { least: 2, most: 2 },
  },
  {
    name: '450',
    answer: (nth) => (nth === 1 ? refuse(450, 'later') : accept),
    ends: 'sent',
    mails: 1,
    offers: { least: 2, most: 2 },
  },
  {
    name: '550',
    answer: () => refuse(550, 'no such user'),
    ends: 'failed mail-refused',
    mails: 0,
    offers: { least: 1, most: 1 },
  },
  {
    name: 'silence',
    answer: () => ({ kind: 'silence' }),
    ends: 'unknown delivery-unknown',
    mails: 1,
    offers: { least: 1, most: 1 },
  },
]
/** Takes half an hour with the waits of production. */
const ALWAYS_LATER: Kind = {
  name: 'always 450',
  answer: () => refuse(450, 'later'),
  ends: `failed error after ${TRIES_MAX} tries`,
  mails: 0,
  offers: { least: 2, most: TRIES_MAX },
}

export const smtpAnswers = defineFault<Size>({
  name: 'smtp-answers',
  title:
    'SMTP 421, 450, 550, silence instead of a greeting, silence after the whole mail; the long one with the waits of production',
  mark: 'temporary ones retried with a cap, permanent ones failed at once, silence unknown and not resent, each delivered once',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { each: 2, impatient: true, silentConnections: 3, settleMs: 150_000 },
  long: { each: 8, impatient: false, silentConnections: 4, settleMs: 400_000 },
  async run(world, { each, impatient, silentConnections, settleMs }) {
    const kinds = impatient ? [...KINDS, ALWAYS_LATER] : KINDS
    const requests = await makeReports(world, kinds.length * each, () => ['csv'])
    const kindOf = (address: string) => kinds[Number(/^reader-(\d+)@/.exec(address)?.[1]) % kinds.length] as Kind
    const offers = new Map<string, number>()
    world.smtp.behave(([address = '']) => {
      const nth = (offers.get(address) ?? 0) + 1
      offers.set(address, nth)
      return kindOf(address).answer(nth)
    })
    world.smtp.greet(...Array.from({ length: silentConnections }, () => 'silence' as const), 'refuse')
    if (impatient) await world.startProgram('impatient-node.ts')
    else await world.start('scheduler,worker')
    await planNightly(world, requests)
    await world.until('every run has ended', settleMs, async () => (await openRuns(world)) === 0)
    const copies = await copiesOf(world)
    const mails = Map.groupBy(world.smtp.received, ({ to: [address = ''] }) => address)
    const found = copies.map(({ address, ended }) => {
      const { name, ...wanted } = kindOf(address)
      const got = { ends: ended, mails: mails.get(address)?.length ?? 0, offers: offers.get(address) ?? 0 }
      const { least, most } = wanted.offers
      const isRight =
        got.ends === wanted.ends && got.mails === wanted.mails && got.offers >= least && got.offers <= most
      return { name, isRight, says: `${name}: ${got.ends}, ${got.mails} mails, offered ${got.offers} times` }
    })
    const wrong = found.filter(({ isRight }) => !isRight)
    const counts = kinds.map(({ name, ends }) => [
      name,
      `${found.filter((copy) => copy.name === name && copy.isRight).length} × ${ends.split(' ')[0]}`,
    ])
    return verdict({ copies: copies.length, ...Object.fromEntries(counts), wrong: wrong.length }, [
      [copies.length === requests.length, `${copies.length} copies of ${requests.length} reports`],
      [wrong.length === 0, [...new Set(wrong.map(({ says }) => says))].join('; ')],
    ])
  },
})

/** How each copy ended on record: its state, and why its run failed where it did. */
async function copiesOf({ db }: World): Promise<{ address: string; ended: string }[]> {
  const { rows } = await sql<{ address: string; ended: string }>`
    select d.address, trim(d.state || ' ' || case r.state when 'failed' then
      coalesce(r.error_code, '') || case r.error_code when 'error' then ' after ' || r.failures || ' tries' else '' end
      else '' end) as ended
    from deliveries d join runs r on r.job = 'deliver-copy' and r.payload ->> 'deliveryId' = d.id::text`.execute(db)
  return rows
}
