import { CALL_VOLUME, latestForecast, type StoredForecast } from '../../analytics/forecasts/index.ts'
import type { Filters } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import { addDays } from '../../time.ts'
import type { OwnPart } from '../parts/metrics-report.ts'
import type { ReportParams } from '../report.ts'
import { forecastBlocks } from './forecast-blocks.ts'

/** A forecast older than this before the end of the period is not shown. */
const FORECAST_AGE_DAYS = 7

/**
 * What a report on contacts says beside their metrics: by which settings of the client they are counted, and how many
 * are expected.
 */
export type ContactSettings = {
  serviceLevelS: number
  shortAbandonS: number
  /** null: there is none yet; left out: none is made of what the report is narrowed down to. */
  forecast?: StoredForecast | null
}

export const contactSettings: OwnPart<ContactSettings> = {
  load: async (db, params) => ({
    ...(await settingsOf(db, params.client.id)),
    ...(await forecastAfter(db, params)),
  }),
  labels: ({ serviceLevelS, shortAbandonS }) => ({
    shortAbandons: `Short abandons (under ${shortAbandonS} s, not in the others)`,
    serviceLevel: `Service level (answered within ${serviceLevelS} s / offered)`,
  }),
  notes: () => [],
  closing: ({ forecast }, { locale }) => (forecast === undefined ? [] : forecastBlocks(forecast, locale)),
  checks: () => [],
  definitions: ({ serviceLevelS, shortAbandonS }) => [
    `Thresholds of this client: answered within ${serviceLevelS} s counts for the service level; an abandon before ${shortAbandonS} s is short.`,
  ],
}

async function settingsOf(db: ClientDatabase, clientId: string) {
  return db
    .selectFrom('clients')
    .select(['service_level_s as serviceLevelS', 'short_abandon_s as shortAbandonS'])
    .where('id', '=', clientId)
    .executeTakeFirstOrThrow()
}

async function forecastAfter(
  db: ClientDatabase,
  { client, window, filters }: ReportParams,
): Promise<Pick<ContactSettings, 'forecast'>> {
  const sectorId = forecastSector(filters)
  if (sectorId === null) return {}
  const made = { from: addDays(window.to, -FORECAST_AGE_DAYS), to: window.to }
  return { forecast: await latestForecast(db, { clientId: client.id, metric: CALL_VOLUME, sectorId, ...made }) }
}

/** Forecasts are made of the client as a whole ('') and of each sector; null: of neither. */
function forecastSector({ sector, ...others }: Filters): string | null {
  if (Object.keys(others).length > 0) return null
  if (sector === undefined) return ''
  const [only = '', ...more] = sector
  return only === '' || more.length > 0 ? null : only
}
