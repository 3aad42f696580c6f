import { expect, test } from 'vitest'
import { escapeHtml, html, lines, raw } from './html.ts'

test('what is put into a page is text, whatever it says', () => {
  const name = `<script>alert("1")</script> & 'co'`
  expect(html`<p title="${name}">${name}</p>`.markup).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;">' +
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;</p>',
  )
})

test('pieces of pages nest, lists join, and nothing is nothing', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
  expect(html`<ul>${items}</ul>${null}${undefined}${false}${0}${raw('<hr>')}`.markup).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>0<hr>',
  )
})

test.each([
  ['plain text', 'Zürich 🙂', 'Zürich 🙂'],
  ['marks', `<a href="x">&'`, '&lt;a href=&quot;x&quot;&gt;&amp;&#39;'],
  ['what XML forbids', 'a\0b\u001fc\uffffd\te\nf', 'a\ufffdb\ufffdc\ufffdd\te\nf'],
  ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
])('%s can stand between tags, in quotes and in SVG', (_what, text, safe) => {
  expect(escapeHtml(text)).toBe(safe)
  expect(html`${text}`.markup).toBe(safe)
})

test('pieces can stand on lines of their own', () => {
  expect(lines([html`<p>${'<'}</p>`, html`<hr>`]).markup).toBe('<p>&lt;</p>\n<hr>')
  expect(lines([]).markup).toBe('')
})
