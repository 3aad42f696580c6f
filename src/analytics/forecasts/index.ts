/** The face of forecasts: what other folders may use of them. */
export {
  CALL_VOLUME,
  type CallVolumeForecasts,
  forecastCallVolume,
  type SectorForecast,
} from './forecast-call-volume.ts'
export { lateForecasts } from './late-forecasts.ts'
export { latestForecast, type StoredForecast, type StoredForecastDay } from './latest-forecast.ts'
