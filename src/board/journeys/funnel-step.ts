import { z } from 'zod'
import { BOOKING_STEPS, type FunnelStep } from '../../analytics/journeys/index.ts'

const STEPS_MIN = 2
const STEPS_MAX = 10
const TEXT_MAX = 300

const FORMS =
  'is event:NAME, event:NAME[PROPERTY=VALUE], interaction, interaction:CHANNEL, lead-stage:STAGE, booking:STATE or payment'

/** A step as it stands in an address, such as `event:sign-up[plan=pro]`; null: it is none. */
function parseStep(text: string): FunnelStep | null {
  const [kind = '', ...rest] = text.split(':')
  const name = rest.join(':')
  switch (kind) {
    case 'event':
      return parseEvent(name)
    case 'interaction':
      return { kind, channel: name === '' ? null : name }
    case 'lead-stage':
      return name === '' ? null : { kind, stage: name }
    case 'booking': {
      const state = BOOKING_STEPS.find((known) => known === name)
      return state ? { kind, state } : null
    }
    case 'payment':
      return name === '' ? { kind } : null
    default:
      return null
  }
}

function parseEvent(text: string): FunnelStep | null {
  const asked = /^(?<name>.+)\[(?<key>[^=\]]+)=(?<value>.*)\]$/s.exec(text)?.groups
  if (asked)
    return {
      kind: 'event',
      name: asked['name'] ?? '',
      property: { key: asked['key'] ?? '', value: asked['value'] ?? '' },
    }
  return text === '' ? null : { kind: 'event', name: text, property: null }
}

/** The parameter `step`, once for each step, in order. */
export const funnelSteps = z
  .union([z.string().max(TEXT_MAX), z.array(z.string().max(TEXT_MAX)).max(STEPS_MAX)])
  .describe(`Once for each of ${STEPS_MIN} to ${STEPS_MAX} steps, in order; a step ${FORMS}.`)
  .transform((given, context) => {
    const texts = [given].flat()
    const steps = texts.map(parseStep)
    const wrong = texts.find((_, index) => steps[index] === null)
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: `"${wrong}" is no step: a step ${FORMS}` })
    if (texts.length < STEPS_MIN)
      context.addIssue({ code: 'custom', message: `a funnel has at least ${STEPS_MIN} steps` })
    return steps.filter((step) => step !== null)
  })
