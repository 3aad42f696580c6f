import { expect, test } from 'vitest'
import { assertWholePdf } from './pdf-check.ts'

/** As Chromium writes it: two pages under a node of the page tree, the mark on the page given. */
function pdf({ marked = '6', end = '%%EOF\n' } = {}): Buffer {
  return Buffer.from(
    `%PDF-1.4\n1 0 obj\n<</Type /Page\n/Parent 3 0 R>>\nendobj\n6 0 obj\n<</Type /Page\n/Parent 3 0 R>>\nendobj
3 0 obj\n<</Type /Pages\n/Count 2\n/Parent 4 0 R\n/Kids [1 0 R 6 0 R]>>\nendobj\n4 0 obj\n<</Type /Pages\n/Count 2\n/Kids [3 0 R]>>\nendobj
5 0 obj\n<</daybreak-end [${marked} 0 R /XYZ 1 2 0]>>\nendobj\n7 0 obj\n<</Type /Catalog\n/Pages 4 0 R>>\nendobj\n${end}`,
    'latin1',
  )
}

test('a whole PDF has its last line on its last page', () => {
  expect(assertWholePdf(pdf(), 'x')).toEqual({ pages: 2 })
})

test('a broken one is refused with what is wrong', () => {
  const wrong = [Buffer.from('<html>'), pdf({ end: '' }), pdf({ marked: '1' }), Buffer.from('%PDF-1.4\n%%EOF')]
  const said = wrong.map((bytes) => {
    try {
      return assertWholePdf(bytes, 'Monthly revenue')
    } catch (error) {
      return (error as Error).message
    }
  })
  expect(said).toEqual([
    'The PDF of Monthly revenue is broken: it does not begin as a PDF. Render it again.',
    'The PDF of Monthly revenue is broken: it ends too early. Render it again.',
    'The PDF of Monthly revenue is broken: its last line is not on its last page. Render it again.',
    'The PDF of Monthly revenue is broken: it has no pages. Render it again.',
  ])
})
