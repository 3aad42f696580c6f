import { isTest, type Rule } from './rule.ts'
import { type Body, type Template } from './source-file.ts'

const FORBIDDEN_NAMES = /(^|[-/.])(utils?|helpers?|common|services?|managers?)([-/.]|$)/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d))?\.(ts|sql)$/

const BODY_LINES_MAX = 60
const SHORT_BODY_LINES = 31
const TEST_LINES_MAX = 400
const SHORT_SHARE = 0.95
const INLINE_SQL_LINES_MAX = 10
const BEGINS_LIKE_SQL = /^\s*(--|select|insert|update|delete|with|create|alter|merge|truncate)\b/i

/**
 * An element of HTML or SVG. Those that workbooks have, too (b, col, font), and words that commands ask for are none of
 * them.
 */
const ELEMENT =
  /<\/?(!doctype html|html|head|body|main|nav|aside|header|footer|section|div|span|p|a|h[1-6]|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tfoot|tr|td|th|form|input|select|button|details|summary|figure|strong|em|br|hr|pre|svg|path|style|script|img)[\s/>?]/i
/** The mails write theirs by hand. */
const WRITES_BY_HAND = new Set(['src/mail/alerts/compose-alert.ts', 'src/reports/deliver/compose-mail.ts'])

/** In two pieces, so that this file does not break its own rule. */
const MARK = ['TO', 'DO'].join('')
const LEFT_FOR_LATER = new RegExp(`\\b(${MARK}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b`)

const LONG_BODY = `export function long() {\n${'  work()\n'.repeat(BODY_LINES_MAX)}}\n`
const LONG_SQL = `const rows = sql\`\n  select a\n${'  , b\n'.repeat(INLINE_SQL_LINES_MAX)}\``

function linesOfSql({ text }: Template): number {
  return BEGINS_LIKE_SQL.test(text) ? text.trim().split('\n').length : 0
}

function isLong({ lines }: Body): boolean {
  return lines >= SHORT_BODY_LINES
}

export const codeRules: Rule[] = [
  {
    name: 'only config.ts reads the environment',
    check: ({ sources }) =>
      sources
        .filter(({ path }) => path.startsWith('src/') && path !== 'src/config.ts' && !isTest(path))
        .flatMap(({ path, imports, environmentReads }) => [
          ...environmentReads.map((line) => `${path}:${line} reads process.env`),
          ...imports
            .filter(({ target }) => target === 'node:process')
            .map(({ line }) => `${path}:${line} imports node:process`),
        ]),
    broken: {
      files: {
        'src/config.ts': 'read(process.env)',
        'src/board/port.ts': "import { env } from 'node:process'\n\nexport const port = process.env['PORT']",
      },
      finds: ['src/board/port.ts:3 reads process.env', 'src/board/port.ts:1 imports node:process'],
    },
  },
  {
    name: 'only time.ts and main ask the machine for the time',
    check: ({ sources }) =>
      sources
        .filter(
          ({ path }) =>
            path.startsWith('src/') && path !== 'src/time.ts' && !path.startsWith('src/main/') && !isTest(path),
        )
        .flatMap(({ path, clockReads }) => clockReads.map(({ line, what }) => `${path}:${line} reads ${what}`)),
    broken: {
      files: {
        'src/time.ts': 'Temporal.Now.instant()',
        'src/main/start.ts': 'Date.now()',
        'src/queues/plan.ts':
          'const a = Date.now()\nconst b = new Date(a)\nconst c = new Date()\nTemporal.Now.instant()',
      },
      finds: [
        'src/queues/plan.ts:1 reads Date.now',
        'src/queues/plan.ts:3 reads new Date()',
        'src/queues/plan.ts:4 reads Temporal.Now',
      ],
    },
  },
  {
    name: 'files are kebab-case, after what they hold',
    check: ({ files }) =>
      Object.keys(files)
        .filter((path) => /^(src|test|sample|scripts)\/.*\.(ts|sql)$/.test(path))
        .filter(
          (path) =>
            FORBIDDEN_NAMES.test(path) ||
            !KEBAB_CASE.test(
              path
                .split('/')
                .at(-1)
                ?.replace(/^\d{4}_/, '')
                .replaceAll('_', '-') ?? '',
            ),
        )
        .map((path) => `${path} says nothing of what is in it, or is not kebab-case`),
    broken: {
      files: {
        'src/db/dbUtils.ts': '',
        'src/reports/helpers/round.ts': '',
        'src/mail/mail-service.ts': '',
        'src/db/migrations/0001_facts.sql': '--',
      },
      finds: ['src/db/dbUtils.ts', 'src/reports/helpers/round.ts', 'src/mail/mail-service.ts'].map(
        (path) => `${path} says nothing of what is in it, or is not kebab-case`,
      ),
    },
  },
  {
    name: 'migrations are numbered from 0001, each number once and none left out',
    check: ({ files }) =>
      Object.keys(files)
        .filter((path) => path.startsWith('src/db/migrations/'))
        .sort()
        .filter((path, index) => !path.startsWith(`src/db/migrations/${String(index + 1).padStart(4, '0')}_`))
        .map((path) => `${path} does not have the number of its place`),
    broken: {
      files: {
        'src/db/migrations/0001_clients.sql': '-- Clients.',
        'src/db/migrations/0002_facts.sql': '-- Facts.',
        'src/db/migrations/0002_goals.sql': '-- Goals.',
        'src/db/migrations/0004_ledger.sql': '-- The ledger.',
      },
      finds: ['src/db/migrations/0002_goals.sql does not have the number of its place'],
    },
  },
  {
    name: 'no function is over 60 lines',
    check: ({ sources }) =>
      sources.flatMap(({ path, bodies }) =>
        bodies
          .filter(({ lines }) => lines > BODY_LINES_MAX)
          .map(({ line, lines }) => `${path}:${line} is ${lines} lines long`),
      ),
    broken: { files: { 'src/mail/send.ts': LONG_BODY }, finds: ['src/mail/send.ts:1 is 62 lines long'] },
  },
  {
    name: '95 of 100 functions have 30 lines or fewer',
    check({ sources }) {
      const shipped = sources.filter(({ path }) => path.startsWith('src/'))
      const bodies = shipped.flatMap((source) => source.bodies.map((body) => ({ ...body, path: source.path })))
      const long = bodies.filter(isLong)
      if (long.length <= bodies.length * (1 - SHORT_SHARE)) return []
      return long.map(({ path, line, lines }) => `${path}:${line} is ${lines} lines long`)
    },
    broken: {
      files: { 'src/mail/send.ts': `function short() {\n}\n${LONG_BODY}` },
      finds: ['src/mail/send.ts:3 is 62 lines long'],
    },
  },
  {
    name: 'no file of tests is over 400 lines',
    check: ({ sources, files }) =>
      sources
        .filter(({ path }) => isTest(path))
        .map(({ path }) => ({ path, lines: (files[path] ?? '').trimEnd().split('\n').length }))
        .filter(({ lines }) => lines > TEST_LINES_MAX)
        .map(({ path, lines }) => `${path} is ${lines} lines long`),
    broken: {
      files: { 'src/mail/send.test.ts': 'send()\n'.repeat(TEST_LINES_MAX + 1), 'test/faults/a.ts': 'send()\n' },
      finds: ['src/mail/send.test.ts is 401 lines long'],
    },
  },
  {
    name: 'a class is an error',
    check: ({ sources }) =>
      sources
        .filter(({ path }) => !path.endsWith('.d.ts'))
        .flatMap(({ path, classes }) =>
          classes
            .filter(({ parent }) => parent?.endsWith('Error') !== true)
            .map(({ line, name }) => `${path}:${line} declares ${name}`),
        ),
    broken: {
      files: { 'src/errors.ts': 'class InputError extends Error {}', 'src/mail/mailer.ts': 'class Mailer {}' },
      finds: ['src/mail/mailer.ts:1 declares Mailer'],
    },
  },
  {
    name: 'SQL of more than ten lines lives in a .sql file',
    check: ({ sources }) =>
      sources
        .filter(({ path }) => path.startsWith('src/'))
        .flatMap(({ path, templates }) =>
          templates
            .map((template) => ({ line: template.line, lines: linesOfSql(template) }))
            .filter(({ lines }) => lines > INLINE_SQL_LINES_MAX)
            .map(({ line, lines }) => `${path}:${line} holds ${lines} lines of SQL`),
        ),
    broken: { files: { 'src/db/long.ts': LONG_SQL }, finds: ['src/db/long.ts:1 holds 11 lines of SQL'] },
  },
  {
    name: 'HTML is built with the tag that escapes what is put in',
    check: ({ sources }) =>
      sources
        .filter(({ path }) => path.startsWith('src/') && !isTest(path) && !WRITES_BY_HAND.has(path))
        .flatMap(({ path, templates }) =>
          templates
            .filter(({ text, tag }) => tag !== 'html' && ELEMENT.test(text))
            .map(({ line }) => `${path}:${line} builds HTML without html`),
        ),
    broken: {
      files: {
        'src/board/page.ts': 'const a = html`<p>${name}</p>`\nconst b = `<p>${name}</p>`\nconst c = raw(`</td>`)',
        'src/reports/cell.ts': 'const a = `<${tag}>`\nconst b = `<th${attributes}>${text}</th>`',
        'src/reports/xlsx/sheet.ts': 'const a = `<c r="${cell}"/>`\nconst b = sql`a <p`\nconst c = `--cancel <id>`',
      },
      finds: ['src/board/page.ts:2', 'src/board/page.ts:3', 'src/reports/cell.ts:2'].map(
        (place) => `${place} builds HTML without html`,
      ),
    },
  },
  {
    name: 'a .sql file opens with a comment on what it is for',
    check: ({ files }) =>
      Object.entries(files)
        .filter(([path, text]) => path.endsWith('.sql') && !/^\s*--\s*\S/.test(text))
        .map(([path]) => `${path} has no header`),
    broken: {
      files: { 'src/db/a.sql': '-- Grain: a day.\nselect 1', 'src/db/b.sql': 'select 1 -- one' },
      finds: ['src/db/b.sql has no header'],
    },
  },
  {
    name: 'nothing is left for later',
    check: ({ files }) =>
      Object.entries(files)
        .filter(([path]) => /\.(ts|sql)$/.test(path))
        .flatMap(([path, text]) =>
          text
            .split('\n')
            .flatMap((line, index) => (LEFT_FOR_LATER.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
        ),
    broken: {
      files: { 'src/mail/send.ts': `send()\n// ${MARK}: resend` },
      finds: [`src/mail/send.ts:2 // ${MARK}: resend`],
    },
  },
]
