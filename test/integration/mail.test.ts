import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { PermanentError } from '../../src/errors.ts'
import type { Attachment, Mail, Mailer } from '../../src/mail/mailer.ts'
import { listOutbox, openOutbox, readOutboxMail } from '../../src/mail/outbox.ts'
import { openSmtp, type SmtpOptions } from '../../src/mail/smtp.ts'
import { readDkimKey } from '../../src/main/open-job-tools.ts'
import { verifyDkim } from '../support/dkim.ts'
import { type SmtpTestServer, startSmtpServer } from '../support/smtp.ts'

const FROM = 'Daybreak Berichte <reports@daybreak.test>'
const WITHIN = AbortSignal.timeout(600_000)

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

describe('what a recipient gets', () => {
  let server: SmtpTestServer
  let folder: string
  beforeEach(async () => {
    server = await startSmtpServer()
    undo.push(() => server.stop())
    folder = await outboxFolder()
  })

  test('text, HTML, files and names of any script arrive as they were given', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256))
    const mail = aMail({
      to: 'Zoë Müller-収益 <zoe@example.com>',
      subject:
        'Ümsatz für November 2011 – 収益レポート – the subject is longer than one line of a header may be, so it is folded 🎉',
      text: 'Net revenue: £8,300,065.81\n.\n.. a line of dots\nUnsubscribe: https://daybreak.test/u/1',
      html: '<p>Net revenue: <b>£8,300,065.81</b></p>',
      attachments: [
        file('Ümsatz 2011-11 (収益).pdf', bytes),
        file('umsatz.csv', Buffer.from('﻿a;b\r\n1;2\r\n'), 'text/csv'),
      ],
    })
    expect(await send(smtp(server.url), mail)).toEqual({ outcome: 'accepted', reply: '250 OK: queued' })
    const email = await PostalMime.parse(Buffer.from(server.received[0]?.raw ?? '', 'latin1'))
    expect({
      from: email.from,
      to: email.to,
      subject: email.subject,
      text: email.text?.trimEnd(),
      html: email.html?.trimEnd(),
    }).toEqual({
      from: { name: 'Daybreak Berichte', address: 'reports@daybreak.test' },
      to: [{ name: 'Zoë Müller-収益', address: 'zoe@example.com' }],
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
    })
    const parts = email.attachments.map(({ filename, mimeType, disposition, content }) => ({
      filename,
      mimeType,
      disposition,
      content: Buffer.from(content as ArrayBuffer),
    }))
    expect(parts).toEqual([
      {
        filename: 'Ümsatz 2011-11 (収益).pdf',
        mimeType: 'application/pdf',
        disposition: 'attachment',
        content: bytes,
      },
      {
        filename: 'umsatz.csv',
        mimeType: 'text/csv',
        disposition: 'attachment',
        content: Buffer.from('﻿a;b\r\n1;2\r\n'),
      },
    ])
  })

  test('the headers keep robots quiet and let one click unsubscribe', async () => {
    await send(smtp(server.url), aMail({ unsubscribeUrl: 'https://daybreak.test/u/abc?x=1' }))
    await send(smtp(server.url), aMail({ messageId: '<2@daybreak.test>', unsubscribeUrl: null }))
    const wanted = [
      'message-id',
      'date',
      'auto-submitted',
      'x-auto-response-suppress',
      'list-unsubscribe',
      'list-unsubscribe-post',
    ]
    const headers = await Promise.all(server.received.map(({ raw }) => headersOf(raw, wanted)))
    expect(headers).toEqual([
      {
        'message-id': '<1@daybreak.test>',
        date: 'Thu, 01 Dec 2011 06:00:00 +0000',
        'auto-submitted': 'auto-generated',
        'x-auto-response-suppress': 'All',
        'list-unsubscribe': '<https://daybreak.test/u/abc?x=1>',
        'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      },
      {
        'message-id': '<2@daybreak.test>',
        date: 'Thu, 01 Dec 2011 06:00:00 +0000',
        'auto-submitted': 'auto-generated',
        'x-auto-response-suppress': 'All',
      },
    ])
    expect(server.received.map(({ from, to }) => ({ from, to }))).toEqual([
      { from: 'reports@daybreak.test', to: ['zoe@example.com'] },
      { from: 'reports@daybreak.test', to: ['zoe@example.com'] },
    ])
  })

  test('the outbox and the mail server get the same bytes, and so does a second try', async () => {
    const mail = () =>
      aMail({
        text: '.\n..\nbare\rreturn\nÜ\n',
        attachments: [file('a.pdf', Buffer.alloc(100_000, 'x'))],
      })
    await send(openOutbox(folder, { from: FROM }), mail())
    await send(smtp(server.url), mail())
    await send(smtp(server.url), mail())
    const kept = await readFile(join(folder, '2011-12-01T06-00-00Z-1@daybreak.test.eml'), 'latin1')
    expect(server.received.map(({ raw }) => raw)).toEqual([kept, kept])
  })

  test('a signed mail is whole to a receiver, List-Unsubscribe-Post included, and a change is noticed', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keyFile = join(folder, 'dkim.pem')
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const config = readConfig({ MAIL_FROM: FROM, SMTP_DKIM_KEY_FILE: keyFile, SMTP_DKIM_SELECTOR: 'night' })
    const dkim = await readDkimKey(config)
    if (dkim === null) throw new Error('no key was read')
    await send(smtp(server.url, { dkim }), aMail({ attachments: [file('a.pdf', Buffer.alloc(100_000, 'x'))] }))
    const raw = server.received[0]?.raw ?? ''
    expect(verifyDkim(raw, publicKey)).toEqual({
      domain: 'daybreak.test',
      selector: 'night',
      signed: [
        'from',
        'subject',
        'date',
        'message-id',
        'to',
        'mime-version',
        'content-type',
        'list-unsubscribe',
        'list-unsubscribe-post',
        'auto-submitted',
      ],
      body: true,
      headers: true,
    })
    expect(verifyDkim(raw.replace('One-Click', 'Two-Click'), publicKey)).toMatchObject({ body: true, headers: false })
    expect(verifyDkim(raw.replace('1,456,145.80', '1,456,145.81'), publicKey)).toMatchObject({ body: false })
  })

  test('a key that cannot sign stops the start, and says which', async () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
    for (const privateKey of ['no key', ed25519]) {
      const dkim = { domain: 'd.test', selector: 's', privateKey }
      expect(() => smtp(server.url, { dkim })).toThrow(/The DKIM key of d\.test cannot be used/)
    }
    const missing = readConfig({ SMTP_DKIM_KEY_FILE: join(folder, 'none.pem') })
    await expect(readDkimKey(missing)).rejects.toThrow(/none\.pem cannot be read: ENOENT.*Correct SMTP_DKIM_KEY_FILE/)
    expect(await readDkimKey(readConfig({}))).toBeNull()
  })

  test('many mails at once go out once each, over few connections', async () => {
    const mailer = smtp(server.url, { connectionsMax: 3 })
    const ids = Array.from({ length: 40 }, (_, index) => `<${index}@daybreak.test>`)
    await Promise.all(ids.map((messageId) => send(mailer, aMail({ messageId }))))
    expect(server.countsByMessageId()).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  })
})

describe('bad input', () => {
  test.each([
    ['a line break in the recipient', { to: 'zoe@example.com\r\nBcc: eve@example.com' }, 'mail-address'],
    ['two recipients', { to: 'zoe@example.com, eve@example.com' }, 'mail-address'],
    ['a group', { to: 'all: zoe@example.com, eve@example.com;' }, 'mail-address'],
    ['no address', { to: 'zoe' }, 'mail-address'],
    ['a line break in the Message-ID', { messageId: '<1@x>\r\nBcc: eve@example.com' }, 'mail-identity'],
    ['no date', { date: new Date(Number.NaN) }, 'mail-identity'],
  ])('%s is refused by both mailers before anything is sent, without naming the address', async (_, change, code) => {
    const server = await startSmtpServer()
    undo.push(() => server.stop())
    const folder = await outboxFolder()
    for (const mailer of [smtp(server.url), openOutbox(folder, { from: FROM })]) {
      const fault = await failureOf(mailer, aMail(change))
      expect(fault).toMatchObject({ name: 'PermanentError', code })
      expect(fault.message).not.toMatch(/zoe@|eve@example.com, /)
    }
    expect([server.received, await mailsIn(folder)]).toEqual([[], []])
  })

  test('line breaks in subject, names, files and addresses of pages add no header', async () => {
    const folder = await outboxFolder()
    const inject = '\r\nBcc: eve@example.com\r\n\r\n<script>'
    const mail = aMail({
      subject: `Net revenue${inject}`,
      attachments: [file(`a${inject}.pdf`, Buffer.from('x'), `application/pdf${inject}`)],
      unsubscribeUrl: `https://daybreak.test/u/1${inject}`,
    })
    await send(openOutbox(folder, { from: FROM }), mail)
    const raw = await readFile(join(folder, (await mailsIn(folder))[0] ?? ''), 'utf8')
    expect(raw).not.toMatch(/^Bcc:/im)
    const email = await PostalMime.parse(raw)
    expect(email.headers.map(({ key }) => key).sort()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ])
    expect(email.subject).toBe('Net revenue Bcc: eve@example.com  <script>')
  })

  test('a sender or server that is none is refused at the start', () => {
    expect(() => openOutbox('unused', { from: 'nobody' })).toThrow(/MAIL_FROM must be one address/)
    expect(() => openSmtp('http://mail.test', { from: FROM })).toThrow(/SMTP_URL must look like/)
  })
})

describe('what a mail server answers', () => {
  const HER = { to: 'Zoë Müller <zoe.mueller@example.com>' }

  test.each([
    ['rcpt', '550 5.1.1 <zoe.mueller@example.com>: Zoë Müller (zoe.mueller) unknown'],
    ['rcpt', '553-5.1.3 zoe.mueller=example.com@relay.test\r\n553 5.1.3 is not local'],
    ['mail', '550 5.7.1 reports@daybreak.test may not send here'],
    ['data', '554 5.7.1 no'],
    ['end', '552 5.3.4 too large for ZOE.MUELLER@EXAMPLE.COM'],
  ] as const)('a refusal for good at %s is permanent and names nobody: %s', async (stage, reply) => {
    const server = await scripted({ [stage]: reply })
    const fault = await failureOf(smtp(server.url), aMail(HER))
    expect(fault).toMatchObject({ name: 'PermanentError', code: 'mail-refused' })
    expect(fault.message).toMatch(
      /^The mail server 127\.0\.0\.1:\d+ refused the mail at (MAIL FROM|RCPT TO|DATA): 55\d/,
    )
    expect(everythingIn(fault)).not.toMatch(/zoe|müller|mueller|reports@/i)
    expect(server.bodies).toHaveLength(stage === 'end' ? 1 : 0)
  })

  test.each([
    ['greeting', '421 4.3.2 shutting down'],
    ['greeting', '554 5.3.2 no service here'],
    ['mail', '451 4.3.0 later'],
    ['rcpt', '450 4.2.1 <zoe.mueller@example.com> is greylisted'],
    ['rcpt', '421 4.7.0 too many connections'],
    ['data', '451 4.3.0 later'],
    ['end', '421 4.3.2 shutting down'],
    ['end', '450 4.2.0 zoe.mueller: later'],
    ['end', '503 5.5.1 bad sequence'],
  ] as const)('a refusal for now at %s is worth another try and names nobody: %s', async (stage, reply) => {
    const server = await scripted({ [stage]: reply })
    const fault = await failureOf(smtp(server.url), aMail(HER))
    expect(fault).not.toBeInstanceOf(PermanentError)
    expect(fault.message).toMatch(/put the mail off at [\w ]+: [45]\d\d/i)
    expect(everythingIn(fault)).not.toMatch(/zoe|müller|mueller/i)
  })

  test('a wrong password is no fault of the mail: it says what to correct, and is worth another try', async () => {
    const server = await scripted({ ehlo: '250-mail.test\r\n250 AUTH PLAIN', auth: '535 5.7.8 bad credentials' })
    const mailer = smtp(server.url.replace('smtp://', 'smtp://daybreak:sesame@'))
    const fault = await failureOf(mailer, aMail(HER))
    expect(fault).not.toBeInstanceOf(PermanentError)
    expect(fault.message).toMatch(
      /did not accept the user name or password: 535 5\.7\.8 bad credentials\. Correct SMTP_URL\.$/,
    )
    await expect(mailer.check()).rejects.toThrow(/Correct SMTP_URL/)
    expect(everythingIn(fault)).not.toMatch(/sesame/)
  })
})

describe('a mail server that encrypts', () => {
  const encrypted = async () => {
    const server = new SMTPServer({
      secure: true,
      disableReverseLookup: true,
      onAuth: ({ username, password }, _, answer) =>
        username === 'daybreak' && password === 'sesame open'
          ? answer(null, { user: username })
          : answer(new Error('bad credentials')),
      onData(stream, _, answer) {
        stream.resume().on('end', () => answer(null))
      },
    })
    server.on('error', () => {})
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    undo.push(() => new Promise<void>((done) => server.close(done)))
    return `127.0.0.1:${(server.server.address() as AddressInfo).port}`
  }

  test('takes mails from those who know the password', async () => {
    const mailer = smtp(`smtps://daybreak:sesame%20open@${await encrypted()}?tls.rejectUnauthorized=false`)
    expect(await send(mailer, aMail())).toMatchObject({ outcome: 'accepted' })
    await expect(mailer.check()).resolves.toBeUndefined()
  })

  test('under a name of its own making is not trusted', async () => {
    const fault = await failureOf(smtp(`smtps://daybreak:sesame%20open@${await encrypted()}`), aMail())
    expect(fault).not.toBeInstanceOf(PermanentError)
    expect(fault.message).toMatch(/could not be used: .*certificate/)
    expect(everythingIn(fault)).not.toMatch(/sesame/)
  })
})

describe('a mail server that dies', () => {
  const BEFORE = ['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const

  test.each(BEFORE)('at %s: the mail was not handed over, another try is safe', async (stage) => {
    const server = await scripted({ [stage]: 'drop' })
    const fault = await failureOf(smtp(server.url), aMail())
    expect(fault).not.toBeInstanceOf(PermanentError)
    expect(fault.message).toMatch(/could not be used: .*Check SMTP_URL and the network/)
    await delay(200)
    expect(server.visits()).toBe(1)
  })

  test('in the middle of a large message: the mail was not handed over, another try is safe', async () => {
    const server = await scripted({ body: 'drop' })
    const fault = await failureOf(smtp(server.url), aMail({ attachments: [file('a.bin', Buffer.alloc(40_000_000))] }))
    expect(fault.message).toMatch(/could not be used: .*Check SMTP_URL and the network/)
  })

  test.each(['drop', 'half', 'nonsense\r\n'])(
    'after the message and before its answer (%s): nobody knows',
    async (answer) => {
      const server = await scripted({ end: answer })
      const result = await send(smtp(server.url), aMail({ attachments: [file('a.bin', Buffer.alloc(200_000))] }))
      expect(result).toEqual({
        outcome: 'unknown',
        reply: expect.stringMatching(/^handed over to 127\.0\.0\.1:\d+, but no answer came: \w+/),
      })
      expect(server.bodies).toHaveLength(1)
    },
  )

  test('on an idle connection: the next mail is not lost unseen', async () => {
    const server = await scripted({})
    const mailer = smtp(server.url, { connectionsMax: 1 })
    await send(mailer, aMail())
    server.cut()
    await delay(50)
    await send(mailer, aMail({ messageId: '<2@daybreak.test>' }))
    expect(server.bodies.map((body) => /^message-id: (.*)$/im.exec(body)?.[1])).toEqual([
      '<1@daybreak.test>',
      '<2@daybreak.test>',
    ])
  })
})

describe.concurrent('a mail server that falls silent', () => {
  const timeoutsMs = { connection: 1500, greeting: 1500, socket: 1500 }

  test.each(['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const)(
    'at %s: given up in time, another try is safe',
    async (stage) => {
      const server = await scripted({ [stage]: 'silence' })
      const fault = await failureOf(smtp(server.url, { timeoutsMs }), aMail())
      expect(fault.message).toMatch(/could not be used: (Timeout|Greeting never received)\. Check SMTP_URL/)
    },
  )

  test('after the message: given up in time, and nobody knows', async () => {
    const server = await scripted({ end: 'silence' })
    const result = await send(smtp(server.url, { timeoutsMs }), aMail())
    expect(result).toEqual({ outcome: 'unknown', reply: expect.stringMatching(/but no answer came: Timeout$/) })
  })
})

describe('an abort', () => {
  test.each(['greeting', 'mail', 'data'] as const)(
    'while the server is silent at %s throws its reason',
    async (stage) => {
      const server = await scripted({ [stage]: 'silence' })
      const stop = new AbortController()
      const sending = smtp(server.url).send(aMail(), stop.signal)
      setTimeout(() => stop.abort(new Error('the deadline has passed')), 100)
      await expect(sending).rejects.toThrow('the deadline has passed')
    },
  )

  test('of a mail that waits for a connection, or whose time had come before, sends nothing', async () => {
    const server = await scripted({ end: 'silence' })
    const mailer = smtp(server.url, {
      connectionsMax: 1,
      timeoutsMs: { connection: 1500, greeting: 1500, socket: 1500 },
    })
    const first = mailer.send(aMail(), WITHIN)
    const stop = new AbortController()
    const second = mailer.send(aMail({ messageId: '<2@daybreak.test>' }), stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 100)
    await expect(second).rejects.toThrow('stopped')
    await expect(mailer.send(aMail(), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(await first).toMatchObject({ outcome: 'unknown' })
    expect(server.bodies).toHaveLength(1)
  })

  test('after the message was handed over leaves its end unknown', async () => {
    const server = await scripted({ end: 'silence' })
    const stop = new AbortController()
    const sending = smtp(server.url).send(aMail(), stop.signal)
    while (server.bodies.length === 0) await delay(10)
    stop.abort(new Error('the deadline has passed'))
    expect(await sending).toEqual({
      outcome: 'unknown',
      reply: expect.stringMatching(/no answer came: the deadline has passed$/),
    })
  })
})

test('an answer that is on its way when the sender is told to stop is heard', async () => {
  const server = await startSmtpServer()
  const stop = new AbortController()
  server.behave(async () => {
    stop.abort(new Error('another worker took it over'))
    await delay(300)
    return { kind: 'accept' }
  })
  expect(await smtp(server.url).send(aMail(), stop.signal)).toMatchObject({ outcome: 'accepted' })
  await server.stop()
})

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
  test('the same Message-ID twice is one mail, even under another date; like ones are told apart', async () => {
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

  test('says what to mend where they cannot', async () => {
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

function aMail(change: Partial<Mail> = {}): Mail {
  return {
    to: 'zoe@example.com',
    subject: '[Online Retail] Monthly revenue – November 2011 – FINAL',
    text: 'Net revenue: £1,456,145.80\n',
    html: '<p>Net revenue: <b>£1,456,145.80</b></p>\n',
    attachments: [],
    messageId: '<1@daybreak.test>',
    date: new Date('2011-12-01T06:00:00Z'),
    unsubscribeUrl: 'https://daybreak.test/u/abc',
    ...change,
  }
}

function file(fileName: string, content: Buffer, mediaType = 'application/pdf'): Attachment {
  const pieces = Array.from({ length: Math.ceil(content.length / 65_536) }, (_, at) =>
    content.subarray(at * 65_536, (at + 1) * 65_536),
  )
  return { fileName, mediaType, sizeBytes: content.length, open: async () => Readable.from(pieces) }
}

async function* breaking(failure: Error): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 10; piece += 1) yield Buffer.alloc(100_000)
  throw failure
}

async function* hangs(hanging: () => void): AsyncGenerator<Buffer> {
  yield Buffer.alloc(1)
  hanging()
  await new Promise(() => {})
}

/** A mailer that is closed after the test. */
function smtp(url: string, options: Partial<SmtpOptions> = {}): Mailer {
  const mailer = openSmtp(url, { from: FROM, ...options })
  undo.push(() => mailer.close())
  return mailer
}

function send(mailer: Mailer, mail: Mail) {
  return mailer.send(mail, WITHIN)
}

async function failureOf(mailer: Mailer, mail: Mail): Promise<Error> {
  const result: unknown = await mailer.send(mail, WITHIN).catch((error: unknown) => error)
  if (result instanceof Error) return result
  throw new Error(`the mail was not refused: ${JSON.stringify(result)}`)
}

/** Whatever a log might write of an error. */
function everythingIn(error: Error): string {
  return inspect(error, { depth: 10 })
}

async function headersOf(raw: string, keys: string[]): Promise<Record<string, string>> {
  const { headers } = await PostalMime.parse(raw)
  return Object.fromEntries(headers.filter(({ key }) => keys.includes(key)).map(({ key, value }) => [key, value]))
}

async function outboxFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-outbox-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function mailsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
}

type Stage = 'greeting' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'end'

/** What a well-behaved server says at each stage; `body` is the first piece of a message and gets no answer. */
const REPLIES: Record<Stage, string> = {
  greeting: '220 mail.test',
  ehlo: '250 mail.test',
  auth: '235 ok',
  mail: '250 ok',
  rcpt: '250 ok',
  data: '354 go on',
  body: '',
  end: '250 2.0.0 taken',
}

/** `visits` counts connections: a mailer that comes back by itself is seen. */
type Scripted = { url: string; bodies: string[]; visits(): number; cut(): void }

/**
 * A server that follows a script: at each stage it gives a reply, or does `drop` (cuts the connection), `half` (cuts it in the
 * middle of a reply) or `silence`. It is written on bare TCP, as a proper server library would not die on demand.
 */
async function scripted(script: Partial<Record<Stage, string>>): Promise<Scripted> {
  const bodies: string[] = []
  const sockets = new Set<Socket>()
  let visits = 0
  const server = createServer((socket) => {
    visits += 1
    sockets.add(socket.on('error', () => {}))
    converse(socket, { ...REPLIES, ...script }, bodies)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  undo.push(() => {
    cut()
    server.close()
  })
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, visits: () => visits, cut }
}

function converse(socket: Socket, script: Record<Stage, string>, bodies: string[]): void {
  let received = ''
  let inBody = false
  const act = (stage: Stage) => {
    const reply = script[stage]
    if (reply === 'drop') socket.destroy()
    else if (reply === 'half') socket.end('25')
    else if (reply !== 'silence' && reply !== '') socket.write(`${reply}\r\n`)
  }
  act('greeting')
  socket.setEncoding('latin1').on('data', (piece) => {
    received += piece
    if (inBody) act('body')
    for (let next = cutOff(received, inBody); next; next = cutOff(received, inBody)) {
      received = received.slice(next.length)
      if (inBody) bodies.push(next)
      act(inBody ? 'end' : stageOf(next))
      inBody = !inBody && /^data/i.test(next) && script.data.startsWith('3')
    }
  })
}

/** The next whole line, or in a message all of it up to the lone dot; empty while it is not complete. */
function cutOff(received: string, inBody: boolean): string {
  const mark = inBody ? '\r\n.\r\n' : '\r\n'
  const at = received.indexOf(mark)
  return at < 0 ? '' : received.slice(0, at + mark.length)
}

function stageOf(line: string): Stage {
  const stages: Record<string, Stage> = { EHLO: 'ehlo', AUTH: 'auth', MAIL: 'mail', RCPT: 'rcpt', DATA: 'data' }
  return stages[line.slice(0, 4).toUpperCase()] ?? 'ehlo'
}
