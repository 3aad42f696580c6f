import { expect, test } from 'vitest'
import { type Letter, writeLetter } from './letter.ts'

const HOSTILE = `<img src=x onerror=alert(1)> "Jane" & 'co'`

const LETTER: Letter = {
  language: 'en-GB',
  subject: 'The subject',
  title: 'The title',
  about: 'Acme & Sons',
  tone: 'plain',
  parts: [
    { kind: 'note', text: 'It is provisional.' },
    { kind: 'figures', figures: [{ label: 'Net revenue', value: '€42.00', detail: 'against May: €40.00' }] },
    { kind: 'words', label: 'What happened', text: 'A run failed.', url: 'https://acme.example/runs/1' },
    { kind: 'words', label: null, text: 'The files are attached.', url: null },
    { kind: 'links', links: [{ label: 'revenue.csv', detail: 'CSV, 1 kB', url: 'https://acme.example/d/1?a=1&b=2' }] },
    { kind: 'facts', facts: [['Currency', 'EUR']] },
  ],
  footer: {
    text: 'You get this mail as a recipient.',
    link: { label: 'Unsubscribe', url: 'https://acme.example/u/1' },
  },
}

test('as text it reads from top to bottom, each address on a line of its own', () => {
  expect(writeLetter(LETTER).text).toBe(`Acme & Sons
The title

Note. It is provisional.

Net revenue: €42.00 (against May: €40.00)

What happened: A run failed.
  https://acme.example/runs/1

The files are attached.

- revenue.csv (CSV, 1 kB)
  https://acme.example/d/1?a=1&b=2

Currency: EUR

You get this mail as a recipient.
Unsubscribe: https://acme.example/u/1
`)
})

test('as HTML it says the same, and leads to the same places', () => {
  const { html, text } = writeLetter(LETTER)
  const addresses = [...html.matchAll(/href="([^"]*)"/g)].map(([, url = '']) => url.replaceAll('&amp;', '&'))
  expect(addresses).toEqual([...text.matchAll(/https:\S+/g)].map(([url]) => url))
  const shown = html
    .replace(/<head>.*<\/head>/s, '')
    .replaceAll(/<!--.*?-->|<[^>]*>/gs, ' ')
    .replaceAll('&amp;', '&')
  const words = (of: string) =>
    of
      .replaceAll(/https:\S+/g, '')
      .match(/[\p{L}\d€.&]+/gu)
      ?.sort()
  expect(words(shown)).toEqual(words(text))
})

test('a part with nothing in it leaves nothing behind', () => {
  const parts: Letter['parts'] = [
    { kind: 'figures', figures: [] },
    { kind: 'links', links: [] },
    { kind: 'facts', facts: [] },
  ]
  const { html, text } = writeLetter({ ...LETTER, parts })
  expect(text.split('\n\n')).toHaveLength(2)
  expect(html).toBe(writeLetter({ ...LETTER, parts: [] }).html)
})

test('what somebody wrote is text, wherever it is', () => {
  const { html } = writeLetter({
    language: HOSTILE,
    subject: HOSTILE,
    title: HOSTILE,
    about: HOSTILE,
    tone: 'alarm',
    parts: [
      { kind: 'note', text: HOSTILE },
      { kind: 'figures', figures: [{ label: HOSTILE, value: HOSTILE, detail: HOSTILE }] },
      { kind: 'words', label: HOSTILE, text: HOSTILE, url: HOSTILE },
      { kind: 'links', links: [{ label: HOSTILE, detail: HOSTILE, url: HOSTILE }] },
      { kind: 'facts', facts: [[HOSTILE, HOSTILE]] },
    ],
    footer: { text: HOSTILE, link: { label: HOSTILE, url: HOSTILE } },
  })
  expect(html).not.toContain('<img')
  expect(html).not.toContain('"Jane"')
  expect(html.split('&lt;img')).toHaveLength(20)
})

test('it fetches nothing, and every colour has one for the dark', () => {
  const { html } = writeLetter({ ...LETTER, tone: 'alarm' })
  expect(html).not.toMatch(/<link|<script|<img|src=|url\(|@import/)
  const classes = [...html.matchAll(/class="([^"]*)"/g)].flatMap(([, names = '']) => names.split(' '))
  expect(classes).toContain('alarm')
  expect(classes.filter((name) => !html.includes(`.${name}{`))).toEqual([])
})
