import { drawMoment, type Serial } from './calendar.ts'
import { campaignDrawer } from './campaigns.ts'
import type { SampleCustomer } from './customers.ts'
import type { Random } from './random.ts'
import { idOf, isoOf, type SampleRows } from './rows.ts'
import type { SampleAgent } from './sample-client.ts'
import { type Due, openTimeline } from './timeline.ts'
import { busyness, type Dealings, drawsOf, knownCustomer, type SampleWorld } from './world.ts'

type Stage = 'new' | 'contacted' | 'qualified' | 'proposal' | 'won' | 'lost'
type Step = { serial: Serial; atMs: number; stage: Stage }

/**
 * Somebody who may buy something large, and every stage they will have been in, each on a later day than the one
 * before.
 */
type Lead = {
  id: string
  dealId: string
  customer: SampleCustomer
  agent: SampleAgent | null
  source: string
  channel: string
  campaignId: string | null
  valueMinor: number
  steps: Step[]
}

/** Half of the leads never come to a deal. */
const QUALIFIED_SHARE = 0.5
const CONTACTED_DAYS = { min: 1, max: 2 }
const QUALIFIED_DAYS = { min: 1, max: 5 }
/** From opening a deal to its end. */
const CYCLE = { spread: 0.5, min: 2, max: 70 }
const LEAD_DAYS_MAX = CONTACTED_DAYS.max + QUALIFIED_DAYS.max + CYCLE.max
const AMOUNT_SPREAD = 0.6
const CHANNELS = ['web', 'voice', 'email']

/**
 * Leads that come in on a day, those that move on, and deals that are opened and closed; a deal is open from when its
 * lead is qualified.
 */
export function openSales(world: SampleWorld): (serial: Serial) => Dealings {
  const stepsOn = openTimeline(LEAD_DAYS_MAX, (origin) =>
    leadsOf(world, origin).flatMap((lead) =>
      lead.steps.map(({ serial }, index): Due<{ lead: Lead; index: number }> => ({ serial, item: { lead, index } })),
    ),
  )
  return (serial) => {
    const rows: Rows = { leads: [], lead_stage_changes: [], deals: [] }
    const changes: Rows = { leads: [], lead_stage_changes: [], deals: [] }
    for (const { lead, index } of stepsOn(serial)) writeStep(world, lead, index, rows, changes)
    return { rows, changes }
  }
}

type Rows = Pick<SampleRows, 'leads' | 'lead_stage_changes' | 'deals'>

function leadsOf(world: SampleWorld, origin: Serial): Lead[] {
  const { client } = world.calendar
  const random = drawsOf(world, origin, 'leads')
  const drawCampaign = campaignDrawer(world, origin, 'leads')
  const { day } = world.calendar.dayAt(origin)
  const agents = client.agents.filter(
    ({ kind, sectorId }) => kind === 'person' && sectorId === client.pipeline.sectorId,
  )
  return Array.from({ length: random.poisson(client.pipeline.leadsPerDay * busyness(world, origin)) }, (_, index) => {
    const agent = agents.length === 0 ? null : random.pick(agents)
    return {
      id: idOf(day, 'l', index + 1),
      dealId: idOf(day, 'd', index + 1),
      customer: knownCustomer(random, world, origin),
      agent,
      source: random.pick(client.pipeline.sources),
      channel: random.pick(CHANNELS),
      campaignId: drawCampaign(),
      valueMinor: Math.round(random.logNormal(client.pipeline.dealMinor, AMOUNT_SPREAD) / 100) * 100,
      steps: drawSteps(random, world, origin, agent?.skill ?? 0),
    }
  })
}

function drawSteps(random: Random, world: SampleWorld, origin: Serial, skill: number): Step[] {
  const { cycleDays, winShare } = world.calendar.client.pipeline
  const step = (serial: Serial, stage: Stage) => ({
    serial,
    atMs: drawMoment(random, world.calendar.dayAt(serial), 'contacts'),
    stage,
  })
  const contactedOn = origin + random.integer(CONTACTED_DAYS.min, CONTACTED_DAYS.max)
  const decidedOn = contactedOn + random.integer(QUALIFIED_DAYS.min, QUALIFIED_DAYS.max)
  const begun = [step(origin, 'new'), step(contactedOn, 'contacted')]
  if (!random.chance(QUALIFIED_SHARE)) return [...begun, step(decidedOn, 'lost')]
  const lastsDays = Math.min(Math.max(Math.round(random.logNormal(cycleDays, CYCLE.spread)), CYCLE.min), CYCLE.max)
  const proposedOn = decidedOn + Math.max(Math.floor(lastsDays / 3), 1)
  return [
    ...begun,
    step(decidedOn, 'qualified'),
    ...(proposedOn < decidedOn + lastsDays ? [step(proposedOn, 'proposal')] : []),
    step(decidedOn + lastsDays, random.chance(winShare + skill) ? 'won' : 'lost'),
  ]
}

function writeStep(world: SampleWorld, lead: Lead, index: number, rows: Rows, changes: Rows): void {
  const { steps } = lead
  const step = steps[index]
  const before = steps[index - 1]
  if (step === undefined) throw new RangeError(`${lead.id} has no step ${index}`)
  const isFirst = before === undefined
  ;(isFirst ? rows : changes).leads.push(leadRow(world, lead, step.stage))
  if (isFirst) return
  const { client } = world.calendar
  rows.lead_stage_changes.push({
    client_id: client.id,
    id: idOf(world.calendar.dayAt(step.serial).day, 'h', rows.lead_stage_changes.length + 1),
    changed_at: isoOf(step.atMs),
    lead_id: lead.id,
    from_stage: before.stage,
    to_stage: step.stage,
    customer_id: lead.customer.id,
    agent_id: lead.agent?.id ?? null,
  })
  const opened = steps.find(({ stage }) => stage === 'qualified')
  if (opened === undefined) return
  if (step === opened) rows.deals.push(dealRow(world, lead, opened, null))
  if (step === steps.at(-1)) changes.deals.push(dealRow(world, lead, opened, step))
}

function leadRow(world: SampleWorld, lead: Lead, stage: Stage): SampleRows['leads'][number] {
  const { client } = world.calendar
  return {
    client_id: client.id,
    id: lead.id,
    created_at: isoOf(lead.steps[0]?.atMs ?? 0),
    customer_id: lead.customer.id,
    agent_id: lead.agent?.id ?? null,
    sector_id: client.pipeline.sectorId,
    campaign_id: lead.campaignId,
    channel: lead.channel,
    source: lead.source,
    location: lead.customer.country,
    stage,
    value_minor: lead.valueMinor,
    currency: client.currency,
  }
}

function dealRow(world: SampleWorld, lead: Lead, opened: Step, closed: Step | null): SampleRows['deals'][number] {
  const { client } = world.calendar
  return {
    client_id: client.id,
    id: lead.dealId,
    opened_at: isoOf(opened.atMs),
    closed_at: closed === null ? null : isoOf(closed.atMs),
    state: closed === null ? 'open' : closed.stage === 'won' ? 'won' : 'lost',
    amount_minor: lead.valueMinor,
    currency: client.currency,
    lead_id: lead.id,
    customer_id: lead.customer.id,
    agent_id: lead.agent?.id ?? null,
    sector_id: client.pipeline.sectorId,
    campaign_id: lead.campaignId,
    channel: lead.channel,
  }
}
