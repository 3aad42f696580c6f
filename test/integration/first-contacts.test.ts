import { describe, expect, test } from 'vitest'
import { db, dirtyDays, everything, type Row, rollUp, rows } from '../support/family-world.ts'
import { given } from '../support/given.ts'

describe('first contact resolution', () => {
  test('a repeat changes days, hours, weeks and months of the first contact, and its deletion changes them back', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-02-27T09:00:00Z', { ...caller, agent_id: 'anna', campaign_id: 'spring', location: 'Bern' }],
      ['2026-02-27T10:00:00Z', { customer_id: 'c2', resolved: true }],
    ])
    await rollUp('2026-02-27')
    const before = await everything()
    await given.calls(db, [['2026-03-02T09:00:00Z', { ...caller, id: 'again' }]])
    await rollUp('2026-03-02')
    const ofFebruary = async (name: 'daily_metrics' | 'performance_trends', day: 'day' | 'bucket_day') => {
      const found = (await rows(name)).filter((row) => String(row[day]) < '2026-03-01' && row['repeats'] !== undefined)
      return found.map((row) => [row['grain'] ?? 'day', row['dimension'], row['member'], row['resolved_first'] ?? 0])
    }
    expect(await ofFebruary('daily_metrics', 'day')).toEqual([
      ['day', 'agent', 'anna', 0],
      ['day', 'campaign', 'spring', 0],
      ['day', 'channel', 'voice', 1],
      ['day', 'client', '', 1],
      ['day', 'customer-role', '', 1],
      ['day', 'location', 'Bern', 0],
      ['day', 'sector', '', 1],
    ])
    const trends = await ofFebruary('performance_trends', 'bucket_day')
    expect(trends.filter(([, dimension]) => dimension === 'client' || dimension === 'agent')).toEqual([
      ['day', 'client', '', 1],
      ['hour', 'client', '', 0],
      ['month', 'agent', 'anna', 0],
      ['month', 'client', '', 1],
      ['week', 'agent', 'anna', 0],
      ['week', 'client', '', 1],
    ])
    await db.deleteFrom('interactions').where('id', '=', 'again').execute()
    await rollUp('2026-03-02')
    const ofThen = (all: Row[]) => all.filter((row) => String(row['day'] ?? row['bucket_day']) < '2026-03-01')
    const after = await everything()
    for (const name of Object.keys(before) as (keyof typeof before)[])
      expect(ofThen(after[name]), name).toEqual(ofThen(before[name]))
  })

  test('a customer who is known late, or gets another role, has the days of their contacts and payments again, so that a repeat is taken off the role it stands in', async () => {
    await given.client(db)
    const resolved = { customer_id: 'c1', resolved: true }
    await given.facts(db, 'customers', [{ id: 'c0', role: 'buyer' }])
    await given.calls(db, [
      ['2026-03-02T09:00:00Z', resolved],
      ['2026-03-02T10:00:00Z', { customer_id: 'c0', resolved: true }],
      ['2026-03-03T10:00:00Z', { customer_id: 'c0', topic: 'bill' }],
    ])
    await given.payments(db, [['2026-01-05T09:00:00Z', { customer_id: 'c1', amount_minor: 100 }]])
    await rollUp('2026-01-05', '2026-03-02', '2026-03-03')
    const byRole = async () => {
      const all = await rows('daily_metrics', { dimension: 'customer-role' })
      return all.map((row) =>
        ['day', 'member', 'answered', 'resolved_first', 'repeats', 'orders'].map((name) => row[name]),
      )
    }
    await given.facts(db, 'customers', [{ id: 'c1', role: 'buyer' }])
    expect(await dirtyDays()).toEqual(['2026-01-05', '2026-03-02'])
    await rollUp('2026-01-05', '2026-03-02')
    await given.calls(db, [['2026-03-04T09:00:00Z', resolved]])
    await rollUp('2026-03-04')
    expect(await byRole()).toEqual([
      ['2026-01-05', 'buyer', undefined, undefined, undefined, 1],
      ['2026-03-02', 'buyer', 2, 1, 1, undefined],
      ['2026-03-03', 'buyer', 1, undefined, undefined, undefined],
      ['2026-03-04', 'buyer', 1, 1, undefined, undefined],
    ])
    await db.updateTable('customers').set({ name: 'Somebody' }).execute()
    expect(await dirtyDays()).toEqual([])
    await db.updateTable('customers').set({ role: 'guest' }).where('id', '=', 'c1').execute()
    expect(await dirtyDays()).toEqual(['2026-01-05', '2026-03-02', '2026-03-04'])
    await rollUp('2026-01-05', '2026-03-02', '2026-03-04')
    // Of days whose facts are gone nothing is left to add up.
    await db.deleteFrom('payments').execute()
    await rollUp('2026-01-05')
    await db.deleteFrom('customers').where('id', '=', 'c1').execute()
    expect(await dirtyDays()).toEqual(['2026-03-02', '2026-03-04'])
    await rollUp('2026-03-02', '2026-03-04')
    expect(await byRole()).toEqual([
      ['2026-03-02', '', 1, undefined, 1, undefined],
      ['2026-03-02', 'buyer', 1, 1, undefined, undefined],
      ['2026-03-03', 'buyer', 1, undefined, undefined, undefined],
      ['2026-03-04', '', 1, 1, undefined, undefined],
    ])
  })

  test('an agent who turns out to be an assistant has the days of their contacts again, and so has who is none any more', async () => {
    await given.client(db)
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { agent_id: 'bot', resolved: true }],
      ['2026-03-02T09:00:00Z', { agent_id: 'anna' }],
    ])
    await rollUp('2026-03-01', '2026-03-02')
    await given.facts(db, 'agents', [
      { id: 'bot', name: 'Bot', kind: 'assistant' },
      { id: 'anna', name: 'Anna' },
    ])
    expect(await dirtyDays()).toEqual(['2026-03-01'])
    await rollUp('2026-03-01')
    const assistants = async () => (await rows('agent_metrics')).map((row) => row['assistant_contacts'])
    expect(await assistants()).toEqual([1, undefined])
    await db.updateTable('agents').set({ name: 'Robot' }).execute()
    expect(await dirtyDays()).toEqual([])
    await db.updateTable('agents').set({ kind: 'person' }).execute()
    expect(await dirtyDays()).toEqual(['2026-03-01'])
    await rollUp('2026-03-01')
    expect(await assistants()).toEqual([undefined, undefined])
  })

  test('a contact that stands on a day twice, at two instants, counts as two, and each of them is repeated or not', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', { ...caller, id: 'x' }],
      ['2026-03-01T10:00:00Z', { ...caller, id: 'x' }],
      ['2026-03-01T11:00:00Z', caller],
      ['2026-03-02T09:00:00Z', { ...caller, id: 'y', topic: 'bill' }],
      ['2026-03-02T10:00:00Z', { ...caller, id: 'y', topic: 'bill' }],
    ])
    await rollUp('2026-03-01', '2026-03-02')
    const counts = async () => {
      const days = await rows('daily_metrics', { dimension: 'client' })
      return days.map((row) => [row['day'], row['answered'], row['resolved_first'], row['repeats']])
    }
    const before = await counts()
    expect(before).toEqual([
      ['2026-03-01', 3, 1, 2],
      ['2026-03-02', 2, 1, 1],
    ])
    await given.calls(db, [['2026-03-04T09:00:00Z', { ...caller, id: 'later', topic: 'bill' }]])
    await rollUp('2026-03-04')
    expect((await counts())[1]).toEqual(['2026-03-02', 2, undefined, 2])
    await db.deleteFrom('interactions').where('id', '=', 'later').execute()
    await rollUp('2026-03-04')
    expect((await counts()).slice(0, 2)).toEqual(before)
  })

  test('who was repeated by a contact that is gone is still repeated by a later one', async () => {
    await given.client(db)
    const caller = { customer_id: 'c1', resolved: true }
    await given.calls(db, [
      ['2026-03-01T09:00:00Z', caller],
      ['2026-03-03T09:00:00Z', { ...caller, id: 'second' }],
      ['2026-03-05T09:00:00Z', { ...caller, id: 'third' }],
    ])
    await rollUp('2026-03-01', '2026-03-03', '2026-03-05')
    const firstDay = async () =>
      (await rows('daily_metrics', { dimension: 'client', day: '2026-03-01' }))[0]?.['repeats']
    await db.deleteFrom('interactions').where('id', '=', 'second').execute()
    await rollUp('2026-03-03')
    expect(await firstDay()).toBe(1)
    await db.deleteFrom('interactions').where('id', '=', 'third').execute()
    await rollUp('2026-03-05')
    expect(await firstDay()).toBe(undefined)
  })
})
