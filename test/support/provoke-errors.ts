import { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import pg from 'pg'

/**
 * Loaded into the program before anything else: lets it make mistakes as code of ours could, where a request asks for
 * one by its header `x-provoke`, and with SIGUSR2 where no request has part in it.
 */

const MISTAKES: Record<string, (response: ServerResponse) => void> = {
  timer: () => void setTimeout(fail, 5),
  stream() {
    const stream = new PassThrough()
    setTimeout(() => stream.destroy(new Error('provoked')), 5)
  },
  async 'rejected promise'() {
    await new Promise((done) => setTimeout(done, 5))
    fail()
  },
  'callback of pg'() {
    const client = new pg.Client(process.env['DATABASE_URL'])
    client.connect(() =>
      client.query('select 1', () => {
        void client.end()
        fail()
      }),
    )
  },
  'listener to the request': ({ req }) => void req.on('data', fail),
  'half an answer'(response) {
    response.write('half')
    setTimeout(fail, 5)
  },
  'after the answer': (response) => void response.on('finish', () => setTimeout(fail, 5)),
}

function fail(): never {
  throw new Error('provoked')
}

const set = ServerResponse.prototype.setHeader
ServerResponse.prototype.setHeader = function (name, value) {
  const what = this.req.headers['x-provoke']
  // Set once, by the last of what every request passes.
  if (name === 'Cache-Control' && typeof what === 'string') MISTAKES[what]?.(this)
  return what === 'half an answer' && this.headersSent ? this : set.call(this, name, value)
}

process.on('SIGUSR2', () => void setTimeout(fail))
