import { once } from 'node:events'
import { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { SMTPServer } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { aMail, failureOf, file, scripted, send, smtp, undo, WITHIN } from '../support/mail-world.ts'
import { startSmtpServer } from '../support/smtp.ts'

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

// One after the other: what each has opened is closed after each.
describe('a mail server that falls silent', () => {
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

/** Whatever a log might write of an error. */
function everythingIn(error: Error): string {
  return inspect(error, { depth: 10 })
}
