import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { forPeople } from '../../src/cli/demo/page/client/text.ts'
import { closeChromium, startedChromium } from '../support/chromium.ts'
import { NexusProgram } from '../support/nexus-program.ts'

/** What WCAG 2.2 asks of what tells controls and graphics apart (1.4.11). */
const MIN_CONTRAST = 3

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
    page = await (await startedChromium()).newPage({ colorScheme: 'light' })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
  })

  after(async () => {
    await closeChromium()
    demo.kill('SIGINT')
    await demo.ended
  })

  const result = (pattern: RegExp): Promise<void> => page.locator('#results li', { hasText: pattern }).first().waitFor()
  const message = (pattern: RegExp): Promise<void> => page.locator('#log li', { hasText: pattern }).first().waitFor()

  it('has something to see before it has joined, and buttons that wait for that', async () => {
    let answer = (): void => undefined
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/nexus/certificate?*', async (route) => {
      await asked
      await route.continue()
    })
    await page.goto(url)
    await page.locator('.ghost', { hasText: 'you (this page), joining' }).waitFor()
    await page.getByRole('button', { name: 'Find' }).click()
    assert.equal(await page.locator('#find').getAttribute('aria-busy'), 'true')
    answer()
    await result(/^find[34] live: /)
    assert.equal(await page.locator('#find').getAttribute('aria-busy'), 'false')
    assert.equal(await page.locator('.ghost').count(), 0)
  })

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

  it('does what its buttons say, apart from what flows by, and shows verified senders', async () => {
    await page.getByRole('button', { name: 'API' }).click()
    await result(/^api6 × 7 = 42, in \d+ msfrom etest-(anna-owner|ben-partner)@demo\.example\//)
    await page.getByRole('button', { name: 'Direct' }).click()
    await result(/^directtaken by etest-/)
    await page.getByRole('button', { name: 'Publish' }).click()
    await result(/^senthanded to \d+ peers/)
    await message(/^newshello from the page, from this pagefrom shop-you-user@demo\.example\/webxo/)
    assert.deepEqual(await page.locator('[aria-live], [role=log], [role=status]').evaluateAll(ids), [
      'status',
      'results'
    ])
  })

  it('pauses and filters what flows by', async () => {
    const lines = page.locator('#log li')
    const before = await lines.count()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('button', { name: 'Resume (1)' }).waitFor()
    assert.equal(await lines.count(), before)
    await page.getByRole('button', { name: 'Resume (1)' }).click()
    await page.waitForFunction((count) => document.querySelectorAll('#log li').length > count, before)
    await page.getByLabel('Filter messages').fill('nobody of that name')
    assert.equal(await lines.count(), 0)
    await page.getByLabel('Filter messages').fill('NEWS')
    assert.ok((await lines.count()) >= 2)
    await page.getByLabel('Filter messages').fill('')
  })

  it('can be used with the keyboard alone, and tells who a block is and how it is reached', async () => {
    await page.locator('.node[data-block=worker]').first().focus()
    await page.keyboard.press('Enter')
    const card = page.locator('#details')
    await card.getByText(/^etest-(anna-owner|ben-partner)@demo\.example\/\w+$/).waitFor()
    await card.getByText(/^(direct|WebRTC|through the relay)/).waitFor()
    await card.getByText(/^\d+\.\d ms$/).waitFor()
    await card.getByText(/^\d+ news, \d+ calls served, \d+ of itself$/).waitFor()
    assert.ok(await page.evaluate(() => document.activeElement?.classList.contains('chosen')))
    await card.getByRole('button', { name: 'Close' }).click()
    await card.waitFor({ state: 'hidden' })
  })

  it('tells tabs of one user apart, and greys the one that has gone before it goes', async () => {
    const other = await (await startedChromium()).newPage()
    await other.goto(url)
    await other.getByText('· online').waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.node[data-block=xwebsite]').length === 2)
    const names = await page.locator('.node[data-block=xwebsite] .name').allTextContents()
    assert.ok(
      names.every((name) => /^you \w{4}( \(this page\))?$/.test(name)),
      names.join()
    )
    assert.equal(new Set(names.map((name) => name.slice(0, 8))).size, 2)
    await other.close()
    await page.locator('.node.stale[data-block=xwebsite]').waitFor()
  })

  it('shows another page with another user, and that it does not have the service', async () => {
    const other = await (await startedChromium()).newPage()
    await other.goto(`${url}/?user=dora`)
    await other.getByText('shop-dora-user@demo.example/webxo · online').waitFor()
    await page.locator('.node', { hasText: 'dora' }).waitFor()
    await other.getByRole('button', { name: 'API' }).click()
    await other.locator('#results .bad', { hasText: 'FORBIDDEN' }).waitFor()
    await other.close()
  })

  it('says why it cannot, where it has not joined', async () => {
    const other = await (await startedChromium()).newPage()
    await other.goto(`${url}/?user=nobody`)
    await other.getByText(/^not joined: the site gave no certificate: there is no user 'nobody'/).waitFor()
    await other.getByRole('button', { name: 'API' }).click()
    await other
      .locator('#results .bad', { hasText: "REFUSED: the site gave no certificate: there is no user 'nobody'" })
      .waitFor()
    await other.close()
  })

  it('has lines and borders that stand out from what is behind, in both themes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const contrasts = await page.evaluate(contrastsOfPage)
      const low = contrasts.filter(([, contrast]) => contrast < MIN_CONTRAST)
      assert.ok(contrasts.length >= 6)
      assert.deepEqual(low, [], colorScheme)
    }
  })

  it('asks nobody but its own server, and has no errors', () => {
    assert.deepEqual(
      requests.filter((request) => !request.startsWith(url) && !request.startsWith('data:')),
      []
    )
    assert.deepEqual(errors, [])
  })

  it('has no addresses in what it says to people', () => {
    const peer = '12D3KooWFbiZtnAr8onG23xDS4hQzi39UsyjHKh5TevJD2q8cWae'
    const text = `no answer of ${peer} at /ip4/127.0.0.1/tcp/9701/ws/p2p/${peer}: try again`
    assert.equal(
      forPeople(text, () => 'anna'),
      'no answer of anna at its address: try again'
    )
  })
})

function ids(elements: Element[]): string[] {
  return elements.map(({ id }) => id)
}

/** In the page: the contrast of borders and lines with what they lie on, opacity included. */
function contrastsOfPage(): Array<[what: string, contrast: number]> {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
  const paint = (...layers: Array<[colour: string, opacity: number]>): number => {
    for (const [colour, opacity] of layers) {
      canvas.globalAlpha = opacity
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
    }
    const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
      const value = part / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ratio = (a: number, b: number): number => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  const paper = getComputedStyle(document.documentElement).backgroundColor
  const card = getComputedStyle(document.querySelector('#panel')!).backgroundColor
  const borders = ['#api', '#filter', '#pause'].map((selector): [string, number] => {
    const { borderTopColor } = getComputedStyle(document.querySelector(selector)!)
    return [selector, ratio(paint([borderTopColor, 1]), paint([card, 1]))]
  })
  const lines = ['direct', 'webrtc', 'relay'].map((path): [string, number] => {
    const edge = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    edge.setAttribute('class', 'edge')
    edge.setAttribute('data-path', path)
    document.querySelector('#picture')!.append(edge)
    const { stroke, opacity } = getComputedStyle(edge)
    edge.remove()
    return [path, ratio(paint([paper, 1], [stroke, Number(opacity)]), paint([paper, 1]))]
  })
  return [...borders, ...lines]
}
