import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import type { Attachment } from '../../src/mail/mailer.ts'
import { listOutbox, openOutbox, readOutboxMail } from '../../src/mail/outbox.ts'
import {
  aMail,
  FROM,
  failureOf,
  file,
  mailsIn,
  outboxFolder,
  scripted,
  send,
  smtp,
  undo,
} from '../support/mail-world.ts'
import { startSmtpServer } from '../support/smtp.ts'

describe('an attachment that cannot be read', () => {
  const gone = new PermanentError('object-missing', 'There is no object executions/1/a.pdf')
  const broken: [string, Attachment, unknown][] = [
    ['is not there', { ...file('a.pdf', Buffer.from('x')), open: () => Promise.reject(gone) }, gone],
    [
      'breaks off',
      { ...file('a.pdf', Buffer.alloc(2_000_000)), open: async () => Readable.from(breaking(gone)) },
      gone,
    ],
    [
      'ends early',
      { ...file('a.pdf', Buffer.alloc(2_000_000)), sizeBytes: 2_000_001 },
      expect.objectContaining({ message: expect.stringMatching(/a\.pdf has 2000000 bytes instead of 2000001/) }),
    ],
  ]

  test.each(broken)(
    '(it %s) fails the mail with its own error, and no server or outbox has part of it',
    async (_, attachment, expected) => {
      const server = await startSmtpServer()
      undo.push(() => server.stop())
      const folder = await outboxFolder()
      for (const mailer of [smtp(server.url), openOutbox(folder, { from: FROM })]) {
        expect(await failureOf(mailer, aMail({ attachments: [attachment] }))).toEqual(expected)
      }
      expect(gone.code).toBe('object-missing')
      expect([server.received, await mailsIn(folder), await readdir(join(folder, '.partial'))]).toEqual([[], [], []])
    },
  )

  test('is closed again when the mail fails before its end', async () => {
    const server = await scripted({ rcpt: 'silence' })
    const bodies: Readable[] = []
    const open = async () => {
      const body = Readable.from(breaking(gone))
      bodies.push(body)
      return body
    }
    const mailer = smtp(server.url)
    await failureOf(mailer, aMail({ attachments: [{ ...file('a.pdf', Buffer.alloc(0)), open }] }))
    await expect.poll(() => bodies.map((body) => body.destroyed)).toEqual([true])
  })
})

describe('the outbox', () => {
  test('the same Message-ID twice is one mail, even under another date; like ones are kept apart', async () => {
    const folder = await outboxFolder()
    const mailer = openOutbox(folder, { from: FROM })
    const replies = []
    for (const messageId of [
      '<1@daybreak.test>',
      '<1@daybreak.test>',
      '<a/b@daybreak.test>',
      '<a_b@daybreak.test>',
      '<1-1@daybreak.test>',
    ]) {
      replies.push((await send(mailer, aMail({ messageId }))).reply)
    }
    replies.push((await send(mailer, aMail({ date: new Date('2011-12-02T06:00:00Z') }))).reply)
    expect(await mailsIn(folder)).toEqual([
      '2011-12-01T06-00-00Z-1-1@daybreak.test.eml',
      '2011-12-01T06-00-00Z-1@daybreak.test.eml',
      '2011-12-01T06-00-00Z-a_b@daybreak.test-6c52aa024d6f.eml',
      '2011-12-01T06-00-00Z-a_b@daybreak.test.eml',
    ])
    expect(replies.slice(0, 2)).toEqual([
      'in the outbox as 2011-12-01T06-00-00Z-1@daybreak.test.eml',
      'was in the outbox already, as 2011-12-01T06-00-00Z-1@daybreak.test.eml',
    ])
  })

  test('the list tells the newest first, as many as asked for, and passes over what is no mail', async () => {
    const folder = await outboxFolder()
    const mailer = openOutbox(folder, { from: FROM })
    for (const day of ['01', '03', '02']) {
      const change = {
        messageId: `<${day}@daybreak.test>`,
        date: new Date(`2011-12-${day}T06:00:00Z`),
        subject: `Tag ${day} – Ümsatz`,
      }
      await send(
        mailer,
        aMail({ ...change, to: 'Zoë <zoe@example.com>', attachments: [file('a.pdf', Buffer.alloc(100_000))] }),
      )
    }
    await writeFile(join(folder, 'notes.txt'), 'x')
    const listed = await listOutbox(folder, { limit: 2 })
    expect(
      listed.map(({ sentAt, sizeBytes, ...rest }) => ({
        ...rest,
        sentAt: sentAt.toString(),
        large: sizeBytes > 100_000,
      })),
    ).toEqual([
      {
        fileName: '2011-12-03T06-00-00Z-03@daybreak.test.eml',
        subject: 'Tag 03 – Ümsatz',
        to: 'Zoë <zoe@example.com>',
        sentAt: '2011-12-03T06:00:00Z',
        large: true,
      },
      {
        fileName: '2011-12-02T06-00-00Z-02@daybreak.test.eml',
        subject: 'Tag 02 – Ümsatz',
        to: 'Zoë <zoe@example.com>',
        sentAt: '2011-12-02T06:00:00Z',
        large: true,
      },
    ])
    expect(await listOutbox(join(folder, 'none'), { limit: 2 })).toEqual([])
  })

  test('a mail can be read back, and nothing beside the outbox', async () => {
    const folder = await outboxFolder()
    const mail = aMail({
      attachments: [file('Ü.pdf', Buffer.from('%PDF'))],
    })
    await send(openOutbox(folder, { from: FROM }), mail)
    const { source, sentAt, ...content } = await readOutboxMail(folder, '2011-12-01T06-00-00Z-1@daybreak.test.eml')
    expect([sentAt.toString(), source.length]).toEqual(['2011-12-01T06:00:00Z', content.sizeBytes])
    expect(content).toEqual({
      fileName: '2011-12-01T06-00-00Z-1@daybreak.test.eml',
      from: FROM,
      to: 'zoe@example.com',
      subject: mail.subject,
      sizeBytes: source.length,
      text: `${mail.text}\n`,
      html: `${mail.html}\n`,
      attachments: [{ fileName: 'Ü.pdf', mediaType: 'application/pdf', content: Buffer.from('%PDF') }],
    })
    for (const name of [
      '2011-12-01T06-00-00Z-none.eml',
      '../x.eml',
      '2011-12-01T06-00-00Z-../../etc/passwd.eml',
      '.partial',
      '',
    ]) {
      await expect(readOutboxMail(folder, name)).rejects.toMatchObject({
        name: 'InputError',
        code: 'outbox-mail-missing',
        status: 404,
      })
    }
  })

  test('an abort leaves nothing', async () => {
    const folder = await outboxFolder()
    const stop = new AbortController()
    const hanging = {
      ...file('a.pdf', Buffer.alloc(10)),
      open: async () => Readable.from(hangs(() => stop.abort(new Error('late')))),
    }
    await expect(
      openOutbox(folder, { from: FROM }).send(aMail({ attachments: [hanging] }), stop.signal),
    ).rejects.toThrow('late')
    expect([await mailsIn(folder), await readdir(join(folder, '.partial'))]).toEqual([[], []])
  })
})

describe('the check', () => {
  test('passes where mails can be sent', async () => {
    const server = await startSmtpServer()
    undo.push(() => server.stop())
    await expect(smtp(server.url).check()).resolves.toBeUndefined()
    await expect(openOutbox(await outboxFolder(), { from: FROM }).check()).resolves.toBeUndefined()
  })

  test('says what to fix where they cannot', async () => {
    await expect(smtp('smtp://127.0.0.1:1').check()).rejects.toThrow(
      /mail server 127\.0\.0\.1:1 could not be used: .*ECONNREFUSED.*Check SMTP_URL/,
    )
    const folder = await outboxFolder()
    await writeFile(join(folder, 'file'), '')
    expect(() => openOutbox(join(folder, 'file', 'outbox'), { from: FROM })).toThrow(
      /cannot take mails: ENOTDIR.*set DATA_DIR or SMTP_URL/,
    )
  })
})

async function* breaking(failure: Error): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 10; piece += 1) yield Buffer.alloc(100_000)
  throw failure
}

async function* hangs(hanging: () => void): AsyncGenerator<Buffer> {
  yield Buffer.alloc(1)
  hanging()
  await new Promise(() => {})
}
