import pg from 'pg'
import { expect, test } from 'vitest'
import { addressAs } from './client-login.ts'

const placeOf = (url: string) => {
  const { host, port, database } = new pg.Client(url)
  return { host, port, database }
}

test.each([
  'postgres://owner:secret@db.example:5433/daybreak?sslmode=disable',
  'postgres://db.example/daybreak?user=owner&password=secret',
  'postgres:///daybreak?host=/run/postgresql',
  'postgres:///daybreak?host=/run/postgresql&user=owner&password=secret',
])('%s leads to the same database as somebody else', (url) => {
  const address = addressAs(url, { user: 'guest', password: 'p@ss/word' })
  const { user, password } = new pg.Client(address)
  expect([user, password]).toEqual(['guest', 'p@ss/word'])
  expect(placeOf(address)).toEqual(placeOf(url))
})
