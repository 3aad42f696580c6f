import { isIP } from 'node:net'
import { z } from 'zod'
import { InputError } from './errors.ts'

const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const role = z.enum(['scheduler', 'worker', 'board'])
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

function readHeaders(text: string, context: z.RefinementCtx): Record<string, string> {
  try {
    const pairs = text.split(',').filter((pair) => pair.trim() !== '')
    return Object.fromEntries(pairs.map((pair) => [partOf(pair, 0), partOf(pair, 1)]))
  } catch {
    context.addIssue({ code: 'custom', message: 'must be name=value, separated by commas, percent-encoded' })
    return z.NEVER
  }
}

function partOf(pair: string, index: 0 | 1): string {
  const at = pair.indexOf('=')
  if (at < 1) throw new Error('no name')
  return decodeURIComponent(index === 0 ? pair.slice(0, at) : pair.slice(at + 1)).trim()
}

const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal']

/** An address, a network such as 10.0.0.0/8, or a name that express has for some. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0) return NETWORK_NAMES.includes(text)
  if (bits === undefined) return true
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

/** Every setting there is, read once from the environment. docs/configuration.md is generated from the descriptions. */
export const settings = z.object({
  DATA_DIR: z
    .string()
    .default('.daybreak')
    .describe(
      'Folder of everything embedded: the database, stored reports, the outbox. Relative to where the program starts.',
    ),
  DATABASE_URL: z.url().optional().describe('PostgreSQL 15 or newer. Unset: an embedded PostgreSQL in DATA_DIR.'),
  DATABASE_CLIENT_URL: z
    .url()
    .optional()
    .describe(
      'How work for one client signs in to that database, as a role made by hand. Unset: Daybreak makes one, for which the role of DATABASE_URL must be createrole.',
    ),
  DATABASE_POOL_MAX: whole(4, 200)
    .default(16)
    .describe(
      'Connections each process may open for facts and the ledger; with the queues on PostgreSQL as many again for them, and 8 that wait for work.',
    ),
  DATABASE_PORT: whole(0, 65535)
    .default(0)
    .describe('Port of the embedded PostgreSQL on 127.0.0.1; 0 takes a free one and keeps it.'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
    .optional()
    .describe(
      'Redis 6.2 or newer, or Valkey: a single server, the master of its replicas, or a node of a cluster; no sentinel. It needs maxmemory-policy noeviction. Unset: the queues live in PostgreSQL.',
    ),
  REDIS_CLUSTER: flag
    .default(false)
    .describe('REDIS_URL names a node of a cluster; user, password and rediss:// hold for all its nodes.'),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .default('daybreak')
    .describe('Schema (PostgreSQL) or key prefix (Redis) of the queues.'),
  S3_BUCKET: z.string().optional().describe('Bucket for stored reports. Unset: a folder in DATA_DIR.'),
  S3_ENDPOINT: z.url().optional().describe('Address of an S3-compatible store other than AWS.'),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  S3_ACCESS_KEY_ID: z.string().optional().describe('Access key. Unset: the AWS default credential chain.'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('Secret of the access key.'),
  S3_FORCE_PATH_STYLE: flag.default(false).describe('Address the bucket as a path instead of a host name.'),
  S3_CHECKSUMS: z
    .enum(['when_supported', 'when_required'])
    .default('when_supported')
    .describe('when_required for stores that refuse the checksums AWS expects.'),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://')
    .optional()
    .describe(
      'Mail server, such as smtps://user:password@host:465. Unset: mails become .eml files in DATA_DIR/outbox.',
    ),
  MAIL_FROM: z.string().default('Daybreak <daybreak@localhost>').describe('Sender of every mail.'),
  SMTP_DKIM_KEY_FILE: z
    .string()
    .optional()
    .describe(
      'File of a private RSA key (PEM) that signs every mail (DKIM); its public half stands in DNS. Unset: unsigned, or the mail server signs.',
    ),
  SMTP_DKIM_SELECTOR: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be a name in DNS')
    .default('daybreak')
    .describe('Where the public half stands: at this name, before ._domainkey and the domain.'),
  SMTP_DKIM_DOMAIN: z.hostname().optional().describe('Domain that signs. Unset: that of MAIL_FROM.'),
  MAIL_ATTACH_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(7_000_000)
    .describe('A mail whose files are larger together carries links instead.'),
  LINK_TTL_DAYS: whole(1, 365).default(30).describe('A mailed download link works this long.'),
  ALERT_MAIL_TO: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((address) => address.trim().toLowerCase() || []))
    .pipe(z.array(z.email('must be e-mail addresses, separated by commas')))
    .describe('Who is mailed what goes wrong, separated by commas. Unset: it is on the board only.'),
  ALERT_WEBHOOK_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address that is called with what goes wrong, as JSON (standardwebhooks.com). Unset: none.'),
  ALERT_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){5,}[A-Za-z0-9+/=]{4,}$/, 'must be whsec_ and at least 24 bytes in base64')
    .optional()
    .describe('What calls are signed with: whsec_ and at least 24 random bytes in base64. Unset: they are not signed.'),
  QUEUE_AGE_ALERT_MINUTES: whole(1, 1440)
    .default(15)
    .describe('A run that waits longer in its queue than this, though it could be at work, is an alert.'),
  PORT: whole(0, 65535).default(8080).describe('Port of the board.'),
  HOST: z.string().default('127.0.0.1').describe('Address the board listens on.'),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe('Address people reach the board at; links in mails begin with it. Unset: http://HOST:PORT.'),
  TRUSTED_PROXIES: z
    .string()
    .default('loopback')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(
      z.array(z.string().refine(isNetwork, 'must be addresses or networks such as 10.0.0.0/8, separated by commas')),
    )
    .describe(
      'Proxies in front of the board, whose X-Forwarded-For is believed: addresses, networks such as 172.16.0.0/12, loopback, linklocal or uniquelocal, separated by commas. Each must add the address it is asked from.',
    ),
  METRICS_WITHOUT_KEY: flag
    .default(false)
    .describe('/metrics is open to whoever reaches the board; it names clients and jobs.'),
  SESSION_TTL_HOURS: whole(1, 720).default(12).describe('A sign-in lasts this long.'),
  REQUESTS_PER_SECOND: whole(1, 10_000).default(20).describe('Requests each person or key may make each second.'),
  ROLES: z
    .string()
    .default('scheduler,worker,board')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(role).min(1))
    .describe('What this process does: scheduler, worker, board, separated by commas.'),
  CONCURRENCY_AGGREGATION: whole(1, 100).default(4).describe('Roll-ups at once in this process.'),
  CONCURRENCY_SEGMENTS: whole(1, 100).default(2).describe('Segment refreshes at once in this process.'),
  CONCURRENCY_PREDICTIONS: whole(1, 100).default(2).describe('Forecasts at once in this process.'),
  CONCURRENCY_REPORTS: whole(1, 32).default(2).describe('Renderings at once in this process.'),
  CONCURRENCY_DELIVERIES: whole(1, 100).default(4).describe('Mails sent at once by this process.'),
  CONCURRENCY_IMPORTS: whole(1, 32)
    .default(3)
    .describe(
      'Uploaded files imported at once by this process, one of each client, each in a process of its own that may hold 768 MB.',
    ),
  CONCURRENCY_ERASURES: whole(1, 32)
    .default(2)
    .describe('Customers erased at once by this process, one of each client.'),
  CLIENT_RUNS_MAX: whole(1, 10_000)
    .default(50)
    .describe('Runs of one client that may wait in the queues at once; the rest wait in the ledger.'),
  CHROMIUM_PATH: z
    .string()
    .optional()
    .describe('Chromium or Chrome for PDF. Unset: an installed one, else the one from npm.'),
  REPORT_TTL_DAYS: whole(1, 3650).default(400).describe('Rendered reports are deleted after this many days.'),
  LEDGER_TTL_DAYS: whole(1, 3650).default(400).describe('Finished runs are deleted after this many days.'),
  FACTS_TTL_DAYS: whole(30, 36_500)
    .optional()
    .describe(
      'Facts but the books (payments, costs, spend, leads, deals) are deleted after this many days, roll-ups stay. Unset: kept.',
    ),
  EVENTS_TTL_DAYS: whole(30, 36_500)
    .default(90)
    .describe(
      'Raw events (analytics events, touchpoints, agent status, queue snapshots) are deleted after this many days, roll-ups stay.',
    ),
  IMPORT_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1000)
    .default(1_000_000_000)
    .describe('The largest file that may be uploaded to be imported.'),
  IMPORT_TTL_DAYS: whole(1, 3650)
    .default(30)
    .describe('Files that were imported, and their rejects, are deleted after this many days.'),
  SHUTDOWN_GRACE_SECONDS: whole(1, 600)
    .default(20)
    .describe('On SIGTERM running work has this long to finish before it is given back.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url()
    .optional()
    .describe(
      'Collector that takes OpenTelemetry traces as OTLP over HTTP in JSON, such as http://127.0.0.1:4318. Unset: nothing is traced, and nothing of it is loaded.',
    ),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .default('')
    .transform(readHeaders)
    .describe('Headers the collector asks for: name=value, separated by commas, percent-encoded.'),
  OTEL_SERVICE_NAME: z.string().default('daybreak').describe('Name of this program in traces.'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of traces that is kept, 0 to 1; one that began elsewhere is kept where its beginning is.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
})

export type Config = z.output<typeof settings>

/** Reads the settings from an environment; throws one InputError that names every setting that is wrong. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = settings.safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new InputError('configuration', `The configuration is wrong. ${faults.join('; ')}. See docs/configuration.md.`)
}
