import { expect, test } from 'vitest'
import { attachmentDisposition } from './content-disposition.ts'

test('a file name reaches the browser as it is, and nothing in it can end the header', () => {
  const names = [
    'revenue 2011-11.pdf',
    'Ümsatz (Köln).pdf',
    '収益.xlsx',
    'a"b\r\nSet-Cookie: x=1.pdf',
    '../../etc/passwd',
    "50 % of 'it'*.csv",
  ]
  expect(names.map(attachmentDisposition)).toEqual([
    'attachment; filename="revenue 2011-11.pdf"',
    `attachment; filename="_msatz (K_ln).pdf"; filename*=UTF-8''%C3%9Cmsatz%20%28K%C3%B6ln%29.pdf`,
    `attachment; filename="__.xlsx"; filename*=UTF-8''%E5%8F%8E%E7%9B%8A.xlsx`,
    `attachment; filename="a_b__Set-Cookie: x=1.pdf"; filename*=UTF-8''a%22b__Set-Cookie%3A%20x%3D1.pdf`,
    'attachment; filename=".._.._etc_passwd"',
    `attachment; filename="50 _ of 'it'*.csv"; filename*=UTF-8''50%20%25%20of%20%27it%27%2A.csv`,
  ])
})
