import { z } from 'zod'
import type { AuditEntry } from '../../people/audit.ts'
import { jobNamed, planNight } from '../../queues/index.ts'
import { clientId, day, runParams } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineForm, ownAddress, saying } from '../http/page.ts'
import { notFound } from '../http/problem.ts'
import { findRunInSight } from './endpoints.ts'
import { changeRun, requestRun } from './request-run.ts'

/** What a button of a run or a night does. Every one goes back to the page it was pressed on. */

const back = z.strictObject({ back: ownAddress })
const place = { role: 'operator', scope: 'client' } as const

export const retryForm = defineForm({
  path: '/runs/:id/retry',
  ...place,
  params: runParams,
  fields: back,
  submit: async ({ params, fields }, context) => ({
    audit: await changeRun(context, params.id, 'retry'),
    location: saying(fields.back, 'retried'),
  }),
})

export const cancelForm = defineForm({
  path: '/runs/:id/cancel',
  ...place,
  params: runParams,
  fields: back,
  submit: async ({ params, fields }, context) => ({
    audit: await changeRun(context, params.id, 'cancel'),
    location: saying(fields.back, 'cancelled'),
  }),
})

export const runAgainForm = defineForm({
  path: '/runs/:id/again',
  ...place,
  params: runParams,
  fields: back,
  async submit({ params, fields }, context) {
    const run = await findRunInSight(context, params.id)
    const job = jobNamed(context.board.registry, run.job)
    const { audit } = await requestRun(context, { job, payload: job.payload.parse(run.payload) }, 'all')
    return { audit, location: saying(fields.back, 'requested') }
  },
})

const night = z.strictObject({ client: clientId, day, back: ownAddress })

export const runNightForm = defineForm({
  path: '/nights/run',
  ...place,
  params: z.strictObject({}),
  fields: night,
  async submit({ fields }, context) {
    await clientInSight(context, fields.client)
    const { database, registry } = context.board
    const planned = await planNight(database.system, registry, fields.client, fields.day)
    return {
      audit: nightEntry('run-night', fields, { planned }),
      location: saying(fields.back, 'night-planned'),
    }
  },
})

export const retryNightForm = defineForm({
  path: '/nights/retry',
  ...place,
  params: z.strictObject({}),
  fields: night,
  async submit({ fields }, context) {
    const { client, day } = fields
    await clientInSight(context, client)
    const { ledger } = context.board
    const filter = { clientId: client, night: day, states: ['failed'] } as const
    const { total } = await ledger.countAll('retry', filter)
    const retried = await ledger.changeAll({ action: 'retry', filter, seen: total, requestedBy: context.identity.name })
    return { audit: nightEntry('retry-night', fields, { retried }), location: saying(fields.back, 'retried-all') }
  },
})

function nightEntry(action: string, { client, day }: z.output<typeof night>, after: AuditEntry['after']): AuditEntry {
  return { action, target: `night:${client}.${day}`, clientId: client, before: null, after }
}

async function clientInSight({ db }: Context, id: string): Promise<void> {
  const client = await db.selectFrom('clients').select('id').where('id', '=', id).executeTakeFirst()
  if (!client) throw notFound(`There is no client "${id}".`)
}
