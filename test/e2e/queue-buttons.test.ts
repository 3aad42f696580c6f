import type { HTTPResponse, Page } from 'puppeteer-core'
import { afterAll, describe, expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { openTestBoard, type Person, signIn } from '../support/test-board.ts'
import { type BackendKind, testJob } from '../support/test-engine.ts'

const ASKED = { origin: 'person', requestedBy: 'tester', again: 'no' } as const
const failing = testJob('failing', async () => Promise.reject(new Error('no luck')), {
  retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
})
const later = testJob('later', async () => Promise.reject(new Error('no luck')), {
  retry: { attempts: 2, delayMs: 3_600_000, maxDelayMs: 3_600_000 },
})
const browser = await openBrowser()
afterAll(() => browser.close())

/** A page of bull-board as a signed-in person has it. */
async function open(url: string, { cookie }: Person): Promise<Page> {
  const page = await browser.newPage()
  const [name = '', value = ''] = cookie.split('=')
  await page.setCookie({ name, value, url })
  return page
}

/** The answer to what a click sends, at once or after the page has asked whether one is sure. */
async function answerTo(page: Page, click: () => Promise<void>): Promise<HTTPResponse> {
  const answer = page.waitForResponse((each) => each.request().method() !== 'GET')
  const question = page.waitForSelector('[role=alertdialog]').then(
    () => page.locator('[role=alertdialog] ::-p-text(Confirm)').click(),
    // None was asked, and the answer is there long since.
    () => undefined,
  )
  await click()
  await Promise.race([answer, question])
  return answer
}

const save = (page: Page) => page.locator('[role=dialog] ::-p-text(Save)').click()

/** The last menu of the page is that of its queue; on the overview, `nth` 1 is that of all queues. */
async function choose(page: Page, nth: number, item: string): Promise<void> {
  await page.waitForSelector('button[aria-haspopup=menu]')
  const menus = await page.$$('button[aria-haspopup=menu]')
  await menus.at(nth)?.click()
  await page.locator(`::-p-xpath(//*[@role="menuitem"][starts-with(normalize-space(.), "${item}")])`).click()
}

/** Buttons of a job are pictures; they say what they are when one points at them. */
async function pointAt(page: Page, name: string): Promise<() => Promise<void>> {
  await page.waitForSelector('main button svg')
  for (const until = Date.now() + PATIENCE.timeout; Date.now() < until; )
    for (const button of await page.$$('main li button, main [class*=card] button')) {
      await button.hover()
      const said = await page
        .waitForSelector(`::-p-xpath(//*[@data-open][@data-side][normalize-space(.)="${name}"])`, { timeout: 1_000 })
        .catch(() => null)
      if (said !== null) return () => button.click()
    }
  throw new Error(`no button of a job says ${name}`)
}

describe.each<BackendKind>(['postgres', 'redis'])('bull-board’s own buttons, on %s', async (backend) => {
  const board = await openTestBoard({ backend, jobs: [failing, later] })
  const db = board.database.system
  const queue = board.backend.queues.get('aggregation')
  if (!queue) throw new Error('there is no queue aggregation')
  await given.client(db, { id: 'acme' })
  const page = await open(board.url, await signIn(board, 'admin'))
  const overview = () => page.goto(`${board.url}/queues/`, { waitUntil: 'networkidle2' })
  const jobs = (state: string) =>
    page.goto(`${board.url}/queues/queue/aggregation?status=${state}`, { waitUntil: 'networkidle2' })

  async function record(): Promise<string[]> {
    const rows = await db
      .selectFrom('analytics_audit_log')
      .select(['action', 'target', 'outcome'])
      .where('action', 'not in', ['create-user', 'sign-in'])
      .orderBy('id')
      .execute()
    return rows.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`)
  }

  /** Presses, and returns what was answered and what went on record. */
  async function press(click: () => Promise<void>): Promise<[number, string[]]> {
    await db.deleteFrom('analytics_audit_log').execute()
    const answer = await answerTo(page, click)
    return [answer.status(), await record()]
  }

  async function plan(job: typeof failing, name: string): Promise<string> {
    const { runId } = await board.engine.ledger.request({ job, payload: { clientId: 'acme', name } }, ASKED)
    return runId
  }

  test('pause and resume, one queue and all', async () => {
    await overview()
    const names = [...board.backend.queues.keys()].map((name) => `queue:${name} done`)
    expect(await press(() => choose(page, 1, 'Pause all'))).toEqual([204, names.map((name) => `pause-queue ${name}`)])
    expect(await Promise.all([...board.backend.queues.values()].map((each) => each.isPaused()))).not.toContain(false)
    await overview()
    expect(await press(() => choose(page, 1, 'Resume all'))).toEqual([204, names.map((name) => `resume-queue ${name}`)])
    await jobs('latest')
    expect(await press(() => choose(page, -1, 'Pause'))).toEqual([204, ['pause-queue queue:aggregation done']])
    expect(await queue.isPaused()).toBe(true)
    await jobs('latest')
    expect(await press(() => choose(page, -1, 'Resume'))).toEqual([204, ['resume-queue queue:aggregation done']])
    expect(await queue.isPaused()).toBe(false)
  })

  test('limits of a queue', async () => {
    await jobs('latest')
    await choose(page, -1, 'Set concurrency')
    await page.locator('#concurrency').fill('3')
    expect(await press(() => save(page))).toEqual([204, ['limit-queue queue:aggregation done']])
    expect(await queue.getGlobalConcurrency()).toBe(3)
    await jobs('latest')
    await choose(page, -1, 'Set rate limit')
    await page.locator('#rate-limit-max').fill('50')
    await page.locator('#rate-limit-duration').fill('1000')
    expect(await press(() => save(page))).toEqual([204, ['limit-queue queue:aggregation done']])
    expect(await queue.getGlobalRateLimit()).toMatchObject({ max: 50, duration: 1000 })
    await queue.removeGlobalRateLimit()
  })

  test('what failed: retry, clean, and all of it', async () => {
    await board.engine.startScheduler()
    await board.engine.startWorkers()
    const id = await plan(failing, 'a')
    const tries = async () => (await board.engine.ledger.find(id))?.attempts?.length
    const failed = async (count: number) => {
      await expect.poll(tries).toBe(count)
      await expect.poll(() => queue.getJobState(id)).toBe('failed')
      await jobs('failed')
    }
    await failed(1)
    expect(await press(await pointAt(page, 'Retry'))).toEqual([204, [`retry-run run:${id} done`]])
    await failed(2)
    expect(await press(() => page.locator('::-p-text(Retry all)').click())).toEqual([204, [`retry-run run:${id} done`]])
    await failed(3)
    expect(await press(await pointAt(page, 'Clean'))).toEqual([204, [`remove-job queue:aggregation:${id} done`]])
    expect(await queue.getJob(id)).toBeUndefined()
  })

  test('what waits: promote, clean, empty', async () => {
    const id = await plan(later, 'a')
    await expect.poll(() => queue.getJobState(id)).toBe('delayed')
    await jobs('delayed')
    expect(await press(await pointAt(page, 'Promote'))).toEqual([204, [`promote-job queue:aggregation:${id} done`]])
    const other = await plan(later, 'b')
    await expect.poll(() => queue.getJobState(other)).toBe('delayed')
    await jobs('delayed')
    expect(await press(() => page.locator('::-p-text(Clean all)').click())).toEqual([
      204,
      ['cancel-runs queue:aggregation:delayed done'],
    ])
    expect((await board.engine.ledger.find(other))?.state).toBe('cancelled')
    await queue.pause()
    const waiting = await plan(later, 'c')
    await expect.poll(() => queue.getJobState(waiting)).toBe('waiting')
    await jobs('latest')
    expect(await press(() => choose(page, -1, 'Empty'))).toEqual([
      204,
      ['cancel-runs queue:aggregation:wait,prioritized done'],
    ])
    expect((await board.engine.ledger.find(waiting))?.state).toBe('cancelled')
  })

  test('what is refused is answered in words that the page shows', async () => {
    await jobs('latest')
    expect(await press(() => choose(page, -1, 'Obliterate'))).toEqual([403, []])
    await page.waitForSelector('::-p-text(The ledger would fill the queue again.)')
    const viewer = await open(board.url, await signIn(board, 'viewer'))
    await viewer.goto(`${board.url}/queues/queue/segments`, { waitUntil: 'networkidle2' })
    const answer = await answerTo(viewer, () => choose(viewer, -1, 'Pause'))
    expect(answer.status()).toBe(403)
    await viewer.waitForSelector('::-p-text(This is for the role operator.)')
  })
})
