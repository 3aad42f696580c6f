import { createUser, unlockUser } from '../../src/people/people.ts'
import { defineFault, verdict } from '../faults/fault.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { OPERATOR, PASSWORD } from '../support/test-board.ts'
import { type Answer, type Ask, askerOf } from './ask.ts'
import { OURS } from './visitors.ts'

const EMAIL = 'owner@example.com'
/** Where the owner has signed in before. */
const KNOWN = '192.0.2.77'
/**
 * Rows that the failures of one address may leave, whatever it sends: one for each person it may try in an hour, and
 * its own.
 */
const ROWS_PER_ADDRESS_MAX = 150

export const signIns = defineFault({
  name: 'sign-ins',
  title:
    'guesses at a password from many addresses, from one, from one IPv6 /64; a foreign Host; /metrics without a key',
  mark: 'guesses are refused and none gets in, the owner with the right password does where they were before, and anywhere once unlocked, failures stay few rows; a foreign Host and a visitor without a key are refused',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { addresses: 40, guessesOfOne: 100 },
  long: { addresses: 400, guessesOfOne: 1000 },
  async run(world, { addresses, guessesOfOne }) {
    await given.client(world.db, { id: OURS })
    const about = { name: 'The owner', role: 'admin', clientId: null } as const
    await createUser(world.db, { ...about, email: EMAIL, password: PASSWORD }, OPERATOR)
    const board = await world.start('board', { S3_BUCKET: '', TRUSTED_PROXIES: 'loopback' })
    const ask = askerOf(board.url())
    const form = await openForm(ask)
    const before = await form({ email: EMAIL, password: PASSWORD, from: KNOWN })
    const spread = await guess(form, addresses, (index) => `203.0.113.${index % 250}`)
    const owner = await form({ email: EMAIL, password: PASSWORD, from: KNOWN })
    const rowsBefore = await countFailures(world)
    const ofOne = await guess(
      form,
      guessesOfOne,
      () => '198.51.100.7',
      (index) => `nobody-${index}@example.com`,
    )
    const rows = (await countFailures(world)) - rowsBefore
    const net = await guess(
      form,
      guessesOfOne,
      (index) => `2001:db8:1:2::${(index + 1).toString(16)}`,
      (index) => `none-${index}@example.com`,
    )
    const ownerAfter = await form({ email: EMAIL, password: PASSWORD, from: KNOWN })
    await unlockUser(world.db, EMAIL, OPERATOR)
    const unlocked = await form({ email: EMAIL, password: PASSWORD, from: '192.0.2.78' })
    const host = await ask({ path: '/sign-in', headers: { Host: 'evil.example' } })
    const metrics = await ask({ path: '/metrics' })
    const foreignMetrics = await ask({ path: '/metrics', headers: { Host: 'evil.example' } })
    ask.close()
    const figures = {
      ...{ 'guesses from many addresses': spread.length, 'of one': ofOne.length, 'of one /64': net.length },
      ...{ 'refused by a limit': [...spread, ...ofOne, ...net].filter(isRefused).length, 'rows of one address': rows },
    }
    return verdict(figures, [
      [
        [...spread, ...ofOne, ...net].every(({ status }) => status === 401 || status === 429 || status === 503),
        'a guess was answered otherwise than 401, 429 or 503',
      ],
      [before.status === 303, `the owner is answered ${before.status} before any guess`],
      [
        owner.status === 303,
        `the owner is answered ${owner.status} where they were before, after guesses from elsewhere`,
      ],
      [ownerAfter.status === 303, `the owner is answered ${ownerAfter.status} where they were before, in the end`],
      [unlocked.status === 303, `the owner is answered ${unlocked.status} where they never were, once unlocked`],
      [ofOne.some(isRefused), 'one address may guess without end'],
      [net.some(isRefused), 'one IPv6 /64 may guess without end'],
      [rows <= ROWS_PER_ADDRESS_MAX, `${rows} rows for ${guessesOfOne} guesses of one address`],
      [host.status >= 400 && host.status < 500, `a foreign Host is answered ${host.status}`],
      [metrics.status === 401, `/metrics without a key is answered ${metrics.status}`],
      [
        foreignMetrics.status >= 400 && foreignMetrics.status < 500,
        `/metrics under a foreign Host is answered ${foreignMetrics.status}`,
      ],
    ])
  },
})

const isRefused = ({ status }: Answer) => status === 429 || status === 503

type Form = (attempt: { email: string; password: string; from: string }) => Promise<Answer>

/** The form as a browser has loaded it, sent from wherever. */
async function openForm(ask: Ask): Promise<Form> {
  const page = await ask({ path: '/sign-in', headers: { Accept: 'text/html' } })
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const Cookie = [page.headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ')
  const type = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'text/html' }
  return ({ email, password, from }) =>
    ask({
      method: 'POST',
      path: '/sign-in',
      headers: { ...type, Cookie, 'X-Forwarded-For': from },
      body: new URLSearchParams({ csrf, email, password, next: '' }).toString(),
    })
}

/** More than one at once, as somebody who is in a hurry. */
const AT_ONCE = 8

async function guess(
  form: Form,
  count: number,
  addressOf: (index: number) => string,
  emailOf: (index: number) => string = () => EMAIL,
): Promise<Answer[]> {
  const waiting = Array.from({ length: count }, (_, index) => index).values()
  const answers: Answer[] = []
  const keepGuessing = async () => {
    for (const index of waiting)
      answers.push(await form({ email: emailOf(index), password: `guess ${index}`, from: addressOf(index) }))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, keepGuessing))
  return answers
}

async function countFailures({ db }: World): Promise<number> {
  const { count } = await db
    .selectFrom('sign_in_failures')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}
