import { expect, test } from 'vitest'
import { METRICS } from '../metrics/index.ts'
import { measureAll } from './measure.ts'

test('n is how many were counted, whatever unit the sums above them are kept in', () => {
  const { qualityScore, sentiment, audioClarity, backgroundNoise, noShow } = METRICS
  const metrics = [qualityScore, sentiment, audioClarity, backgroundNoise, noShow]
  const sums = {
    ...{ reviews: 2, quality_centi_sum: 17_000, audio_clarity_centi_sum: 9000, audio_clarity_count: 1 },
    ...{ noise_centi_sum: 2000, noise_count: 1, sentiment_count: 3, sentiment_milli_sum: 1500 },
    // Of ten, one was called off in time and two were moved: seven stood.
    ...{ bookings: 10, bookings_no_show: 1, bookings_cancelled_in_time: 1, bookings_moved: 2 },
  }
  const asked = metrics.map((metric) => ({ ...metric, thresholds: metric }))
  const values = measureAll(asked, { sums, before: {}, histograms: {} })
  expect(metrics.map(({ name }) => [name, values[name]?.value, values[name]?.n])).toEqual([
    ['quality-score', 85, 2],
    ['sentiment', 0.5, 3],
    ['audio-clarity', 0.9, 1],
    ['background-noise', 20, 1],
    ['no-show', 1 / 7, 7],
  ])
})
