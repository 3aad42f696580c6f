/** The face of forecasts: what other folders may use of them. */
export { latestForecast, type StoredForecast, type StoredForecastDay } from './latest-forecast.ts'
