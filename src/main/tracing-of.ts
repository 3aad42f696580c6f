import type { Config } from '../config.ts'
import type { TracingOptions } from '../tracing.ts'
import { version } from './version.ts'

/** How the settings say to trace, for the program and its children alike. */
export function tracingOf(config: Config): Omit<TracingOptions, 'log'> {
  return {
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    serviceName: config.OTEL_SERVICE_NAME,
    keptShare: config.OTEL_TRACES_SAMPLER_ARG,
    version,
  }
}
