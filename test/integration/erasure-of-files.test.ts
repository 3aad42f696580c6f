import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { importUpload } from '../../src/ingest/imports/import-upload.ts'
import { type FileStore } from '../../src/ingest/imports/recorded-imports.ts'
import { rejectsKey } from '../../src/ingest/imports/rejects-key.ts'
import { createLog } from '../../src/log.ts'
import { eraseCustomer, readErasure } from '../../src/privacy/index.ts'
import { zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'
import { systemClock } from '../../src/time.ts'
import {
  ADA,
  abortingAt,
  customers,
  DAYS,
  database,
  db,
  erase,
  importFolder,
  never,
  rollUp,
  storage,
} from '../support/erasure-world.ts'
import { givenEveryFact } from '../support/every-fact.ts'
import { ACME } from '../support/given.ts'
import { requestErasure } from '../support/request-erasure.ts'

describe('stored files', () => {
  async function report(
    formats: Record<string, string | Buffer>,
    window = { from: DAYS[0], to: DAYS[1] },
  ): Promise<string> {
    const id = randomUUID()
    await sql`insert into executions (client_id, id, report, window_from, window_to, time_zone, currency, state, figures, finished_at)
      values (${ACME}, ${id}, 'monthly-revenue', ${window.from}, ${window.to}, 'UTC', 'EUR', 'completed', '[]', clock_timestamp())`.execute(
      db,
    )
    for (const [format, content] of Object.entries(formats)) {
      const key = `${ACME}/${id}/report.${format}`
      await storage.put(key, Readable.from([content]), { mediaType: 'x/y' })
      await sql`insert into execution_files (client_id, execution_id, format, object_key, file_name, media_type, size_bytes, sha256)
        values (${ACME}, ${id}, ${format}, ${key}, 'r', 'x/y', 1, '')`.execute(db)
    }
    return id
  }

  /** An import of a file. Returns its id. */
  async function upload(content: string | Buffer): Promise<string> {
    const objectKey = `${ACME}/uploads/${randomUUID()}`
    await storage.put(objectKey, Readable.from([content]), { mediaType: 'text/csv' })
    const { id } = await db
      .insertInto('imports')
      .values({
        ...{ client_id: ACME, kind: 'customers', file_name: 'u.csv', dry_run: false, strict: false },
        ...{ object_key: objectKey, size_bytes: 1, sha256: '', requested_by: 'x' },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }

  /** Imports an upload, as its job does. */
  const work = (id: string, store: FileStore = storage, attempt = 1) =>
    importUpload(id, {
      database,
      db: database.forClient(ACME),
      storage: store,
      folder: importFolder,
      attempt,
      clock: systemClock,
      signal: never,
      progress() {},
      commit: (write) => database.forClient(ACME).transaction().execute(write),
      checkpoint: (write) => database.forClient(ACME).transaction().execute(write),
      log: createLog('silent'),
    })

  async function workbook(text: string): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    const entries = [
      { name: 'a.xml', content: [Buffer.from('<a/>')] },
      { name: 'b.xml', content: [Buffer.from(text)] },
    ]
    for await (const chunk of zipStream(entries)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async function stored(): Promise<string[]> {
    const keys: string[] = []
    for await (const key of storage.list('')) keys.push(key)
    return keys
  }

  beforeEach(async () => {
    for (const key of await stored()) await storage.delete(key)
    await customers(ADA)
    await givenEveryFact(db, { clientId: ACME, customerId: ADA, at: `${DAYS[0]}T10:00:00Z`, key: 'a' })
    await rollUp(DAYS.slice(0, 1))
  })

  test('reports that name the customer go with all their formats, others stay, and what cannot be read is listed', async () => {
    const byId = await report({ csv: `1,${ADA},5\r\n`, pdf: '%PDF-1.7' })
    const byName = await report({ html: `<td>Name of ${ADA}</td>` })
    const inWorkbook = await report({ xlsx: await workbook(`<t>${ADA}</t>`) })
    const others = [
      await report({ csv: 'nobody', pdf: '%PDF-1.7' }),
      await report({ json: `{"id":"x${ADA}"}` }),
      await report({ xlsx: await workbook('<t>x</t>') }),
    ]
    const unread = await report({ pdf: '%PDF-1.7' })
    const otherDays = await report({ pdf: '%PDF-1.7' }, { from: DAYS[1], to: DAYS[2] })
    const { files } = await erase(ADA)
    expect(files?.reports).toEqual({ deleted: [byId, byName, inWorkbook].sort(), unread: [unread] })
    const left = new Set((await stored()).map((key) => key.split('/')[1]))
    expect(left).toEqual(new Set([...others, unread, otherDays]))
    const rows = await db.selectFrom('executions').select(['id', 'figures']).where('id', '=', byId).execute()
    expect(rows).toEqual([{ id: byId, figures: null }])
    expect(
      await db.selectFrom('execution_files').select('execution_id').where('execution_id', '=', byId).execute(),
    ).toEqual([])
  })

  test('a report that was being made meanwhile goes as well, also when only the name stands in it', async () => {
    await db.updateTable('customers').set({ name: 'Ada Lovelace' }).where('id', '=', ADA).execute()
    const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const run = (signal: AbortSignal) => eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId })
    await expect(run(abortingAt(0))).rejects.toThrow('broken off')
    expect((await readErasure(database.forClient(ACME), ACME, erasureId))?.files?.reports.deleted).toEqual([])
    const late = [await report({ csv: `1,${ADA},5` }), await report({ csv: '1,Ada Lovelace,5' })].sort()
    expect((await run(never)).files?.reports).toEqual({ deleted: late, unread: [] })
    expect(await stored()).toEqual([])
  })

  test('uploaded files that name the customer go, their import stays on record', async () => {
    const made = await upload(`id\n${ADA}\n`)
    const { files } = await erase(ADA)
    expect(files?.imports).toEqual({ deleted: [made], unread: [] })
    expect(await stored()).toEqual([])
    expect(await db.selectFrom('imports').select('id').execute()).toEqual([{ id: made }])
  })

  test('an upload is searched in whatever encoding it is, and a longer id in it is somebody else', async () => {
    await db.updateTable('customers').set({ name: 'Zoë Müller' }).where('id', '=', ADA).execute()
    const named = [
      await upload(Buffer.from(`id;name\n${ADA};\n`, 'utf16le')),
      await upload(Buffer.from('\ufeffid;name\n;Zoë Müller\n', 'utf16le')),
      await upload(gzipSync(Buffer.from('id;name\n;Zoë Müller\n', 'latin1'))),
    ]
    await upload(Buffer.from(`id;name\n${ADA}x;Zoë Müllers\n`, 'utf16le'))
    const sealed = await upload(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...Array(16).fill(0)]))
    expect((await erase(ADA)).files?.imports).toEqual({ deleted: named.sort(), unread: [sealed] })
    expect(await stored()).toHaveLength(2)
  })

  test('where the id is like other words, a file without the name may name the customer, whether there is a name or not', async () => {
    await db.deleteFrom('imports').execute()
    for (const [id, name] of [
      ['12347', 'Bob Byron'],
      ['12348', null],
    ] as const) {
      await db.insertInto('customers').values({ client_id: ACME, id, name }).execute()
      const [withId, withName] = [await upload(`id\n${id}\n`), await upload('name\nBob Byron\n')]
      const unread = name === null ? [withId, withName].sort() : [withId]
      const deleted = name === null ? [] : [withName]
      expect((await erase(id)).files?.imports, id).toEqual({ deleted, unread })
      await db.deleteFrom('imports').execute()
    }
  })

  test('an upload goes with its rejects, also when only one of them names the customer', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},2026-03-01T10:00:00Z\nnobody,never\n`)
    await work(made)
    expect(await stored()).toContain(rejectsKey(ACME, made))
    expect((await erase(ADA)).files?.imports).toEqual({ deleted: [made], unread: [] })
    expect(await stored()).toEqual([])
  })

  test('rejects that an import writes while the customer is erased go, whether it has said so by then or not', async () => {
    const [done, failed] = [await upload('nobody'), await upload('nobody')]
    const { erasureId } = await requestErasure(database, { clientId: ACME, customerId: ADA }, 'tester')
    const run = (signal: AbortSignal) => eraseCustomer({ database, storage, signal }, { clientId: ACME, erasureId })
    await expect(run(abortingAt(2))).rejects.toThrow('broken off')
    for (const id of [done, failed])
      await storage.put(rejectsKey(ACME, id), Readable.from([`2,id,,missing,"${ADA}"`]), { mediaType: 'text/csv' })
    await sql`update imports set finished_at = clock_timestamp(), result = '{}' where id = ${done}`.execute(db)
    expect((await run(never)).files?.imports).toEqual({ deleted: [done, failed].sort(), unread: [] })
    expect(await stored()).toEqual([])
  })

  test('an import that is in progress when its file is erased leaves no rejects behind', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},never\n`)
    await work(made, {
      ...storage,
      async put(key, body, options) {
        await erase(ADA)
        return storage.put(key, body, options)
      },
    })
    expect(await stored()).toEqual([])
    const rows = await db.selectFrom('imports').select(['rejects_key', 'result']).execute()
    const notes = [
      'Nothing was kept: no row is good.',
      'The file was deleted while it was imported, and its rejects with it.',
    ]
    expect(rows).toEqual([{ rejects_key: null, result: expect.objectContaining({ rejected: 1, notes }) }])
  })

  test('an import that is tried again after its file is erased says so, what is kept, and what to do', async () => {
    const made = await upload(`id,first_contact_at\n${ADA},2026-03-01T10:00:00Z\n`)
    await erase(ADA)
    const words = (kept: string) => ({
      code: 'upload-deleted',
      message: `The file of import ${made} was deleted before the import had ended, as happens when a customer it names is erased. ${kept}. Send the file again, without that customer.`,
    })
    await expect(work(made)).rejects.toMatchObject(words('Nothing was stored'))
    await expect(work(made, storage, 2)).rejects.toMatchObject(
      words('What an earlier try had stored is kept, the rest is missing'),
    )
  })

  test('an upload that is damaged holds nothing up: it is listed', async () => {
    const cutOff = await upload(gzipSync(`id\n${'x'.repeat(1000)}\n`).subarray(0, 30))
    const packed = await upload(gzipSync(`id\n${ADA}\n`))
    const { files, finishedAt } = await erase(ADA)
    expect(finishedAt).not.toBe(null)
    expect(files?.imports).toEqual({ deleted: [packed], unread: [cutOff] })
    expect(await stored()).toHaveLength(1)
  })
})
