import { alerts } from './alerts/index.ts'
import { audit } from './audit/index.ts'
import { backfills } from './backfills/index.ts'
import { docsOf } from './docs/index.ts'
import { erasures } from './erasures/index.ts'
import { facts } from './facts/index.ts'
import { freshness } from './freshness/index.ts'
import { goals } from './goals/index.ts'
import { health } from './health/index.ts'
import type { Feature } from './http/feature.ts'
import { imports } from './imports/index.ts'
import { jobs } from './jobs/index.ts'
import { journeys } from './journeys/index.ts'
import { metrics } from './metrics/index.ts'
import { night } from './night/index.ts'
import { outbox } from './outbox/index.ts'
import { queues } from './queues/index.ts'
import { reports } from './reports/index.ts'
import { runs } from './runs/index.ts'
import { schedules } from './schedules/index.ts'
import { signIn } from './sign-in/index.ts'

/** Everything the board shows and does, in the order of its menu; adding a feature is one folder and one line here. */
const described: readonly Feature[] = [
  night,
  freshness,
  alerts,
  reports,
  runs,
  jobs,
  schedules,
  backfills,
  imports,
  outbox,
  queues,
  audit,
  facts,
  journeys,
  erasures,
  metrics,
  goals,
  health,
  signIn,
]

/** Every endpoint there is. */
export const endpoints = described.flatMap((feature) => feature.endpoints)

export const features: readonly Feature[] = [...described, docsOf(endpoints)]
