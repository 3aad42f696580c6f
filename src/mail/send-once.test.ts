import { describe, expect, test } from 'vitest'
import { PermanentError, RetryLaterError } from '../errors.ts'
import type { SendResult } from './mailer.ts'
import { type SendChange, type Sending, type SendRecord, type SendRows, type SendTools, sendOnce } from './send-once.ts'

const FIRST = { messageId: '<first@acme.example>', messageDate: '2026-11-01T06:00:00Z' }
const BEFORE = '2026-11-01T05:59:00Z'
const AFTER = '2026-11-01T07:00:00Z'
const NEW = { messageId: '<new-1@acme.example>', messageDate: '2026-11-01T08:00:00Z' }

const UNTRIED: SendRecord = { state: 'pending', reply: null, messageId: null, messageDate: null }
const tried = (state: SendRecord['state']): SendRecord => ({ state, reply: 'said before', ...FIRST })

type Answer = SendResult | Error
const TAKEN: Answer = { outcome: 'accepted', reply: '250 OK' }
const SILENT: Answer = { outcome: 'unknown', reply: 'no answer' }
const REFUSED = new PermanentError('mail-refused', '550 no')
const LATER = new Error('450 later')
const PATIENCE = new RetryLaterError(1000, '429 wait')

type World = {
  record: SendRecord
  /** Message-IDs that left, in their order, each with what was on record of it in that moment. */
  left: { messageId: string; state: string; onRecord: string | null }[]
}

type Options = {
  isIdempotent?: boolean
  askedAt?: string
  isLastTry?: boolean
  isStopped?: boolean
  cannotCompose?: boolean
  /** What the record has become since it was read. */
  becomes?: SendRecord
  /** Another worker has the run when the answer comes, and has done this to the record. */
  takenOver?: (record: SendRecord) => SendRecord
}

/** The record in memory; a transaction is given it to change. */
const rows: SendRows<World> = {
  async write(world, change) {
    world.record = changed(world.record, change)
  },
  async writeUnlessSent(world, change) {
    if (world.record.state === 'sent') return false
    world.record = changed(world.record, change)
    return true
  },
  async writeLate(world, messageId, change) {
    const { record } = world
    if (record.messageId !== messageId || !['sending', 'unknown'].includes(record.state)) return false
    world.record = changed(record, change)
    return true
  },
}

function changed(record: SendRecord, change: SendChange): SendRecord {
  const { state } = change
  if (state !== 'sending') return { ...record, state, reply: change.reply }
  return { ...record, state, messageId: change.messageId, messageDate: change.messageDate }
}

/** Sends once, and says what came of it: the record, what left, and how the call ended. */
async function send(from: SendRecord, answer: Answer, options: Options = {}) {
  const world: World = { record: options.becomes ?? from, left: [] }
  const leave = async (messageId: string) => {
    world.left.push({ messageId, state: world.record.state, onRecord: world.record.messageId })
    if (options.takenOver) world.record = options.takenOver(world.record)
    if (answer instanceof Error) throw answer
    return answer
  }
  const sending: Sending = {
    isIdempotent: options.isIdempotent ?? false,
    refusedCode: 'mail-refused',
    newId: () => NEW.messageId,
    now: async () => NEW.messageDate,
    async compose({ messageId }) {
      if (options.cannotCompose === true) throw new Error('no such file')
      return () => leave(messageId)
    },
  }
  const end = await sendOnce(from, rows, sending, toolsOf(world, options)).catch(endOf)
  const { state, messageId, messageDate } = world.record
  return { end, state, identity: { messageId, messageDate }, world }
}

function toolsOf(world: World, options: Options): SendTools<World> {
  const stop = new AbortController()
  if (options.isStopped === true) stop.abort()
  return {
    signal: stop.signal,
    askedAt: options.askedAt ?? BEFORE,
    isLastTry: options.isLastTry ?? false,
    checkpoint: (write) => write(world),
    commit: async (write) => {
      if (options.takenOver) throw new Error('taken over')
      await write(world)
    },
    tellLate: async (write) => void (await write(world)),
  }
}

function endOf(error: Error): string {
  return error instanceof PermanentError ? error.code : error.message
}

describe('a try', () => {
  const asked = { askedAt: AFTER }
  test.for<
    [
      name: string,
      from: SendRecord,
      answer: Answer,
      options: Options,
      end: unknown,
      state: string,
      which: object,
      left: number,
    ]
  >([
    ['the first, taken', UNTRIED, TAKEN, {}, true, 'sent', NEW, 1],
    ['put off', UNTRIED, LATER, {}, '450 later', 'pending', NEW, 1],
    ['again after it was put off', tried('pending'), TAKEN, {}, true, 'sent', FIRST, 1],
    ['put off again', tried('pending'), LATER, {}, '450 later', 'pending', FIRST, 1],
    ['put off for the last time', tried('pending'), LATER, { isLastTry: true }, '450 later', 'failed', FIRST, 1],
    [
      'put off while it was told to stop',
      UNTRIED,
      LATER,
      { isLastTry: true, isStopped: true },
      '450 later',
      'pending',
      NEW,
      1,
    ],
    ['asked for patience, which is no try', UNTRIED, PATIENCE, { isLastTry: true }, '429 wait', 'pending', NEW, 1],
    ['refused', UNTRIED, REFUSED, {}, 'mail-refused', 'failed', NEW, 1],
    ['that nobody answered', UNTRIED, SILENT, {}, 'delivery-unknown', 'unknown', NEW, 1],
    ['of what was sent', tried('sent'), TAKEN, asked, false, 'sent', FIRST, 0],
    ['after a worker died', tried('sending'), TAKEN, {}, 'delivery-unknown', 'unknown', FIRST, 0],
    ['after a worker died, whoever asks', tried('sending'), TAKEN, asked, 'delivery-unknown', 'unknown', FIRST, 0],
    [
      'after a worker died, where twice is once',
      tried('sending'),
      TAKEN,
      { isIdempotent: true },
      true,
      'sent',
      FIRST,
      1,
    ],
    ['of what is unknown, by itself', tried('unknown'), TAKEN, {}, 'delivery-unknown', 'unknown', FIRST, 0],
    [
      'of what is unknown, by itself, where twice is once',
      tried('unknown'),
      TAKEN,
      { isIdempotent: true },
      'delivery-unknown',
      'unknown',
      FIRST,
      0,
    ],
    ['of what is unknown, by a person', tried('unknown'), TAKEN, asked, true, 'sent', NEW, 1],
    ['of what failed, by itself', tried('failed'), TAKEN, {}, 'mail-refused', 'failed', FIRST, 0],
    ['of what failed, by a person', tried('failed'), TAKEN, asked, true, 'sent', NEW, 1],
    ['of what failed, by a person, refused again', tried('failed'), REFUSED, asked, 'mail-refused', 'failed', NEW, 1],
  ])('%s', async ([, from, answer, options, end, state, which, left]) => {
    const sent = await send(from, answer, options)
    expect([sent.end, sent.state, sent.identity, sent.world.left.length]).toEqual([end, state, which, left])
  })

  test('is on record with its id before it leaves', async () => {
    const { world } = await send(UNTRIED, TAKEN)
    expect(world.left).toEqual([{ messageId: NEW.messageId, state: 'sending', onRecord: NEW.messageId }])
  })

  test('that cannot be composed was never begun', async () => {
    const { end, world } = await send(UNTRIED, TAKEN, { cannotCompose: true, isLastTry: true })
    expect([end, world]).toEqual(['no such file', { record: UNTRIED, left: [] }])
  })
})

describe('the answer of a worker that was believed dead', () => {
  test.for<[name: string, takenOver: (record: SendRecord) => SendRecord, state: string, which: object]>([
    ['makes what was given up as unknown sent', (record) => ({ ...record, state: 'unknown' }), 'sent', NEW],
    ['makes what is still on its way sent', (record) => record, 'sent', NEW],
    ['leaves another message alone that a person asked for', () => tried('sending'), 'sending', FIRST],
  ])('%s', async ([, takenOver, state, which]) => {
    const sent = await send(UNTRIED, TAKEN, { takenOver })
    expect([sent.end, sent.state, sent.identity]).toEqual(['taken over', state, which])
  })

  test('is believed by whoever found its mail on the way', async () => {
    const { end, world } = await send(tried('sending'), TAKEN, { becomes: tried('sent') })
    expect([end, world]).toEqual([false, { record: tried('sent'), left: [] }])
  })
})
