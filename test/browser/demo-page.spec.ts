import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { closeChromium, startedChromium } from '../support/chromium.ts'
import { NexusProgram } from '../support/nexus-program.ts'

describe("the demo's page", function () {
  this.timeout(90_000)
  let demo: NexusProgram
  let url: string
  let page: Page
  const errors: string[] = []
  const requests: string[] = []

  before(async () => {
    demo = new NexusProgram(['demo'])
    ;[, url] = (await demo.printed('stdout', /See it live: (http:\S+)/)) as unknown as [string, string]
    page = await (await startedChromium()).newPage()
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(url)
  })

  after(async () => {
    await closeChromium()
    demo.kill('SIGINT')
    await demo.ended
  })

  const log = (pattern: RegExp): Promise<void> => page.locator('#log li', { hasText: pattern }).first().waitFor()

  it('joins, and shows every block and how they are connected', async () => {
    await page.getByText('shop-you-user@demo.example/webxo · online').waitFor()
    // The relay, three workers, and itself.
    await page.waitForFunction(() => document.querySelectorAll('.node').length >= 5)
    assert.ok((await page.locator('.node[data-block=worker]').count()) >= 3)
    assert.equal(await page.locator('.node.self[data-block=xwebsite]').count(), 1)
    await page.waitForFunction(() => document.querySelectorAll('.edge').length >= 7)
  })

  it('moves while messages flow', async () => {
    await page.waitForFunction(() => {
      const [dot] = document.querySelectorAll('.message')
      const { places = new Set<string>() } = globalThis as unknown as { places?: Set<string> }
      Object.assign(globalThis, { places })

      if (dot !== undefined) {
        places.add(`${dot.getAttribute('cx')} ${dot.getAttribute('cy')}`)
      }
      return places.size >= 5
    })
  })

  it('does what its buttons say, and shows verified senders', async () => {
    await page.getByRole('button', { name: 'Find' }).click()
    await log(/^find[34] live: /)
    await page.getByRole('button', { name: 'API' }).click()
    await log(/^api6 × 7 = 42, in \d+ msfrom etest-(anna-owner|ben-partner)@demo\.example\//)
    await page.getByRole('button', { name: 'Direct' }).click()
    await log(/^directtaken by etest-/)
    await page.getByRole('button', { name: 'Publish' }).click()
    await log(/^sent/)
    await log(/^newshello from the page, from this pagefrom shop-you-user@demo\.example\/webxo/)
  })

  it('can be used with the keyboard alone', async () => {
    await page.locator('body').click({ position: { x: 1, y: 1 } })
    const count = await page.locator('#log li').count()

    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate(() => document.activeElement?.id)) === 'api') {
        break
      }
    }

    await page.keyboard.press('Enter')
    await page.waitForFunction((before) => document.querySelectorAll('#log li').length > before, count)
  })

  it('shows another page with another user, and that it does not have the service', async () => {
    const other = await (await startedChromium()).newPage()
    await other.goto(`${url}/?user=dora`)
    await other.getByText('shop-dora-user@demo.example/webxo · online').waitFor()
    await page.locator('.node', { hasText: 'dora' }).waitFor()
    await other.getByRole('button', { name: 'API' }).click()
    await other.locator('#log .bad', { hasText: 'FORBIDDEN' }).waitFor()
    await other.close()
  })

  it('asks nobody but its own server, and has no errors', () => {
    assert.deepEqual(
      requests.filter((request) => !request.startsWith(url) && !request.startsWith('data:')),
      []
    )
    assert.deepEqual(errors, [])
  })
})
