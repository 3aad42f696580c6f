import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/db/embedded-server.ts'
import { verifyPassword } from '../../src/people/passwords.ts'
import { secretHash } from '../../src/people/secrets.ts'
import { data, daybreak, db, lines } from '../support/command-world.ts'
import { ACME, given, table } from '../support/given.ts'
import type { Settings } from '../support/program.ts'

// Compiled once for all, not by each of those that start together below.
beforeAll(async () => {
  await daybreak(['--version'])
})

describe('--help leaves with 0 and names every option and argument', () => {
  const commands = [
    'start',
    'import',
    'run',
    'runs',
    'backfill',
    'report',
    'erase',
    'doctor',
    'migrate',
    'client',
    'user',
    'key',
  ]
  test.concurrent.each([
    ['', [...commands, '--version']],
    ['start', ['--roles <roles>']],
    ['import', ['<kind>', '<file>', '--client <id>', '--map <mapping>', '--dry-run', '--strict', '--rejects <file>']],
    ['run', ['<job>', '--payload <json>', '--again <when>', '--no-wait']],
    [
      'backfill',
      ['--client <id>', '--from <day>', '--to <day>', '--job <name>', '--schedule <id>', '--reprocess <which>'].concat([
        '--oldest-first',
        '--newest-first',
        '--runs-max <count>',
        '--dry-run',
        '--no-wait',
        '--cancel <id>',
      ]),
    ],
    [
      'report',
      ['<report>', '--client <id>', '--month <month>', '--from <day>', '--to <day>', '--formats <list>', '--out'],
    ],
    ['report', ['schedule', 'schedules', 'unschedule']],
    [
      'report schedule',
      ['<report>', '--period <name>', '--cron <times>', '--to <address=formats>', '--owner <address>'],
    ],
    ['report schedules', ['--client <id>']],
    ['report unschedule', ['<name>', '--client <id>']],
    ['runs', ['list', 'retry', 'discard']],
    ['runs list', ['--limit <count>', '--cursor <text>', '--planned-from <time>', '--planned-to <time>']],
    ['runs discard', ['--count <count>', '--client <id>', '--job <name>', '--state <states>', '--night <day>']],
    ['runs retry', ['--count <count>', '--from <day>', '--to <day>', '--origin <who>', '--text <text>']],
    ['erase', ['--client <id>', '--customer <id>', '--yes']],
    ['doctor', ['Chromium', 'disk']],
    ['migrate', ['schema']],
    ['client', ['add', 'list']],
    ['client add', ['<id>', '--name <name>', '--zone <zone>', '--currency <code>', '--locale <tag>']],
    ['user add', ['<email>', '--name <name>', '--role <role>', '--client <id>']],
    ['user password', ['<email>']],
    ['key add', ['<name>', '--role <role>', '--client <id>', '--days <days>']],
    ['key revoke', ['<key>']],
  ])('%s', async (command, names) => {
    // A broken setting keeps nobody from reading the help.
    const { code, out, err } = await daybreak([...command.split(' ').filter(Boolean), '--help'], { PORT: 'high' })
    expect({ code, err, missing: names.filter((name) => !out.includes(name)) }).toEqual({
      code: 0,
      err: '',
      missing: [],
    })
  })
})

describe('wrong usage leaves with 1 and one line that says what to do', () => {
  const taken = createServer()
  let settings: Record<string, Settings> = {}
  beforeAll(async () => {
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const deadPort = await freePort()
    settings = {
      'a database that nobody listens on': { DATABASE_URL: `postgres://x:secret@127.0.0.1:${deadPort}/x` },
      'a port that is taken': { PORT: String((taken.address() as AddressInfo).port) },
      'settings that are wrong': { PORT: 'high', SMTP_URL: 'http://mail' },
    }
  })
  afterAll(() => void taken.close())

  test.concurrent.each<[what: string, words: string, says: RegExp]>([
    [
      'an unknown command',
      'strat',
      /^daybreak: unknown command 'strat' \(Did you mean start\?\)\. daybreak --help explains\.$/,
    ],
    ['an unknown option', 'migrate --now', /^daybreak: unknown option '--now'\. daybreak migrate --help explains\.$/],
    [
      'a missing option',
      'client add shop --name Shop',
      /^daybreak: required option '--zone <zone>' not specified\. daybreak client add --help explains\.$/,
    ],
    [
      'a bad client id',
      'client add No! --name x --zone UTC --currency EUR',
      /^daybreak: "No!" is no client id: use lower-case letters, digits and hyphens\.$/,
    ],
    [
      'an unknown client',
      'backfill --client nobody --from 2026-01-01 --to 2026-01-02',
      /^daybreak: There is no client "nobody"\. daybreak client list shows them\.$/,
    ],
    [
      'a backfill of nobody',
      'backfill --from 2026-01-01 --to 2026-01-02',
      /^daybreak: Say --client <id>, or --cancel <id>\. daybreak backfill --help explains\.$/,
    ],
    [
      'a bad cap',
      'backfill --client nobody --from 2026-01-01 --to 2026-01-02 --runs-max 0',
      /^daybreak: --runs-max takes a number from 1 to 1000, not "0"\.$/,
    ],
    [
      'a backfill there is not',
      'backfill --cancel 01234567-89ab-4cde-8f01-23456789abcd',
      /^daybreak: There is no backfill 01234567-89ab-4cde-8f01-23456789abcd\.$/,
    ],
    [
      'a bad month',
      'report monthly-revenue --client shop --month 2026-13',
      /^daybreak: "2026-13" is no month or day; write 2011-11 or 2011-11-01\.$/,
    ],
    [
      'two windows',
      'report monthly-revenue --client shop --month 2026-01 --period last-month',
      /^daybreak: Say which window: either --month 2011-11, or --from and --to, or --period last-month\.$/,
    ],
    [
      'an unknown period',
      'report monthly-revenue --client shop --period last-decade',
      /^daybreak: Periods are yesterday, last-week, last-month; "last-decade" is none\.$/,
    ],
    [
      'a member of nothing',
      'report performance --client shop --month 2026-01 --only sales',
      /^daybreak: Write --only sector=sales; "sales" names no dimension and member\.$/,
    ],
    [
      'an unknown comparison',
      'report performance --client shop --month 2026-01 --compare tomorrow',
      /^daybreak: A report is compared with previous, last-year or none; "tomorrow" has another\.$/,
    ],
    [
      'an unknown report',
      'report yearly --client shop --month 2026-01',
      /^daybreak: There is no report "yearly"\. There are: monthly-revenue, performance\.$/,
    ],
    [
      'a report of nobody',
      'report monthly-revenue --month 2026-01',
      /^daybreak: Say whose report it is: --client acme\.$/,
    ],
    [
      'an address that is none',
      'report schedule performance --client shop --period yesterday --cron 0 --to =pdf',
      /^daybreak: Write --to finance@acme\.example=pdf,xlsx; "=pdf" is neither that nor an address\.$/,
    ],
    [
      'a schedule without a time',
      'report schedule performance --client shop --period yesterday',
      /^daybreak: required option '--cron <times>' not specified\. daybreak report schedule --help explains\.$/,
    ],
    [
      'an unknown role',
      'key add cron --role king',
      /^daybreak: There is no role "king"\. Roles: admin, operator, viewer, ingest\.$/,
    ],
    [
      'a database that nobody listens on',
      'client list',
      /^daybreak: The database cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:\d+\)\. Is DATABASE_URL right and the server up\?$/,
    ],
    [
      'a port that is taken',
      'start',
      /^daybreak: Port \d+ on 127\.0\.0\.1 is taken\. Stop what uses it, or set PORT to another\.$/,
    ],
    [
      'settings that are wrong',
      'start',
      /^daybreak: The configuration is wrong\. SMTP_URL: .+; PORT: .+\. See docs\/configuration\.md\.$/,
    ],
  ])('%s', async (what, words, says) => {
    const { code, out, err } = await daybreak(words.split(' '), settings[what])
    expect({ code, out, lines: err.split('\n').length - 1 }, err).toEqual({ code: 1, out: '', lines: 1 })
    expect(err.trimEnd()).toMatch(says)
  })
})

test('doctor finds every part in order', async () => {
  const said = await lines('doctor')
  expect(said.map((line) => line.split(/\s+/).slice(0, 2).join(' '))).toEqual(
    [
      'configuration',
      'database',
      'queues',
      'storage',
      'mail',
      'chromium',
      'fonts',
      'clock',
      'disk',
      'clients',
      'board',
    ].map((part) => `ok ${part}`),
  )
})

test('client, user and key add what they say, and a revoked key is over', async () => {
  expect(
    await lines('client', 'add', 'shop', '--name', 'The shop', '--zone', 'Europe/Berlin', '--currency', 'EUR'),
  ).toEqual(['Added client shop (The shop, Europe/Berlin, EUR). Its first night is the next one.'])
  expect(await lines('client', 'list')).toContain('shop  The shop  Europe/Berlin  EUR')

  const [added = ''] = await lines(
    'user',
    'add',
    'Ada@shop.example',
    '--name',
    'Ada',
    '--role',
    'finance',
    '--client',
    'shop',
  )
  const [user] = await table(db, 'users')
  expect(user).toMatchObject({ email: 'ada@shop.example', name: 'Ada', role: 'finance', client_id: 'shop' })
  expect(await verifyPassword(lastWord(added), String(user?.['password_hash']))).toBe(true)

  const [made = ''] = await lines('key', 'add', 'cron', '--role', 'operator')
  const key = { name: 'cron', role: 'operator', key_hash: secretHash(lastWord(made)) }
  expect(await table(db, 'api_keys')).toMatchObject([{ ...key, revoked_at: null }])
  await lines('key', 'revoke', 'cron')
  expect(await table(db, 'api_keys')).toMatchObject([{ ...key, revoked_at: expect.any(String) }])
})

test('backfill adds up local days, and a report of the same days says their sum', async () => {
  await given.client(db, { time_zone: 'Europe/Berlin' })
  // Two minutes apart, and in Berlin a day.
  await given.payments(db, [
    ['2026-03-01T22:59:00Z', { amount_minor: 1_000 }],
    ['2026-03-01T23:01:00Z', { amount_minor: 2_050 }],
    ['2026-03-03T12:00:00Z', { amount_minor: -500 }],
    ['2026-03-03T23:00:00Z', { amount_minor: 9_999 }],
  ])
  const march = ['--client', ACME, '--from', '2026-03-01', '--to', '2026-03-03']
  expect(await lines('backfill', ...march, '--dry-run')).toEqual([
    '3 of 3 windows of roll-up-day for acme would run.',
    '3 never ran, 0 would run again, 0 are left as they are, 0 are open already.',
    'The oldest begins on 2026-03-01, the newest ends on 2026-03-03.',
  ])
  expect(await table(db, 'runs')).toEqual([])
  expect(await lines('backfill', ...march)).toEqual([
    expect.stringMatching(/^Planned: backfill [0-9a-f-]{36}, 3 of 3 windows\.$/),
    '3 runs succeeded, 0 failed, 0 are cancelled, 0 wait in vain.',
  ])
  expect(await table(db, 'analytics_audit_log')).toContainEqual(
    expect.objectContaining({ action: 'start-backfill', actor_kind: 'command-line' }),
  )
  const rolledUp = await db
    .selectFrom('revenue_metrics')
    .select((e) => [
      'day',
      e.fn.sum<number>('gross_minor').as('gross'),
      e.fn.sum<number>('refunded_minor').as('refunds'),
    ])
    .groupBy('day')
    .orderBy('day')
    .execute()
  expect(rolledUp.filter(({ day }) => day <= '2026-03-03')).toEqual([
    { day: '2026-03-01', gross: 1_000, refunds: 0 },
    { day: '2026-03-02', gross: 2_050, refunds: 0 },
    { day: '2026-03-03', gross: 0, refunds: -500 },
  ])

  const out = join(data.path, 'out')
  const saved = await lines('report', 'monthly-revenue', ...march, '--formats', 'json,csv', '--out', out)
  const report = await readFile(join(out, 'acme_monthly-revenue_2026-03-01_2026-03-03.json'))
  expect(saved.map((line) => line.split(/\s+/).at(-1))).toContain(createHash('sha256').update(report).digest('hex'))
  const { meta, figures } = JSON.parse(report.toString())
  expect(meta).toMatchObject({ client: { id: ACME }, window: { from: '2026-03-01', to: '2026-03-04' } })
  expect(figures.summary.figures).toContainEqual(expect.objectContaining({ label: 'Net revenue', value: '25.50' }))

  const narrow = ['--only', 'sector=sales', '--only', 'agent=a1', '--only', 'agent=', '--compare', 'none']
  const [path = ''] = await lines('report', 'performance', ...march, ...narrow, '--formats', 'json', '--out', out)
  expect(path).toContain('acme_performance_2026-03-01_2026-03-03_agent-2-chosen_sector-sales.json')
  const narrowed = JSON.parse(await readFile(path.split('  ')[0] ?? '', 'utf8'))
  expect(narrowed.meta.filters).toEqual({ sector: ['sales'], agent: ['a1', ''] })
  expect(narrowed.figures.summary.figures[0]).toMatchObject({ label: 'Offered', comparisons: [] })
})

test('runs are found, counted, then retried or discarded, and that is on record', async () => {
  const run = { job: 'refresh-tiers', queue: 'segments', payload: '{}', origin: 'person', state: 'failed' } as const
  const error = { error_code: 'broken', error_message: 'it was the plumbing' }
  for (const key of ['bulk.1', 'bulk.2'])
    await db
      .insertInto('runs')
      .values({ ...run, ...error, key })
      .execute()
  const [, , ...rows] = await lines('runs', 'list', '--text', 'PLUMBING')
  expect(rows.map((row) => row.replace(/^[\d-]+ [\d:]+ /, '').replaceAll(/ +/g, ' '))).toEqual([
    expect.stringMatching(/^ ?failed refresh-tiers bulk\.\d it was the plumbing$/),
    expect.stringMatching(/^ ?failed refresh-tiers bulk\.\d it was the plumbing$/),
  ])
  expect(await lines('runs', 'discard', '--text', 'plumbing')).toEqual([
    '2 runs (2 failed) would be discarded.',
    'Say --count 2 to do it.',
  ])
  const refused = await daybreak(['runs', 'discard', '--text', 'plumbing', '--count', '1'])
  expect([refused.code, refused.err]).toEqual([
    1,
    'daybreak: 2 runs match now, more than the 1 you saw. Count again.\n',
  ])
  expect(await lines('runs', 'discard', '--text', 'plumbing', '--count', '2')).toEqual([
    '2 runs (2 failed) matched; 2 changed.',
  ])
  expect(await lines('runs', 'retry', '--text', 'plumbing', '--state', 'cancelled')).toEqual([
    '2 runs (2 cancelled) would be planned again.',
    'Say --count 2 to do it.',
  ])
  const audit = db.selectFrom('analytics_audit_log').select(['action', 'actor_kind']).where('action', 'like', '%-runs')
  expect(await audit.execute()).toEqual([{ action: 'discard-runs', actor_kind: 'command-line' }])
  await db.deleteFrom('runs').where('key', 'like', 'bulk.%').execute()
})

function lastWord(line: string): string {
  return line.split(' ').at(-1) ?? ''
}
