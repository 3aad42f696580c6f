import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { listen } from './listen.ts'

const LOCAL = { host: '127.0.0.1', port: 0 }

test('a taken port is said to be, with what to do', async () => {
  const first = await listen((_request, response) => response.end(), LOCAL)
  await expect(listen(() => {}, { ...LOCAL, port: first.port })).rejects.toMatchObject({ code: 'port-taken' })
  await first.close(0)
})

test('closing lets a request at work finish and takes no new one', async () => {
  const server = await listen((_request, response) => {
    setTimeout(() => response.end('done'), 200)
  }, LOCAL)
  const url = `http://127.0.0.1:${server.port}`
  const working = fetch(url).then((response) => response.text())
  await sleep(50)
  const closing = server.close(5000)
  await expect(fetch(url)).rejects.toThrow()
  expect(await working).toBe('done')
  await closing
})

test('closing breaks off what does not finish in time', async () => {
  const server = await listen(() => {}, LOCAL)
  const hanging = fetch(`http://127.0.0.1:${server.port}`)
  await sleep(50)
  await server.close(100)
  await expect(hanging).rejects.toThrow()
})
