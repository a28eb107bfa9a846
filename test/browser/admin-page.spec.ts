import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { TestAuthority } from '../authority/support/service.ts'
import { closeChromium, startedChromium } from '../support/chromium.ts'
import { alice, bob } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const WIDTHS = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } }
/** Where screenshots go, for people to look at; none without. */
const SHOTS = process.env.ADMIN_PAGE_SHOTS

describe("the operator's page of the authority service", function () {
  this.timeout(60_000)
  let authority: TestAuthority
  let context: BrowserContext
  let page: Page
  let requests: string[]
  let troubles: string[]

  beforeEach(async () => {
    authority = await TestAuthority.start(await temporaryDirectory())
    await authority.enroll(alice, await authority.secret())
    await authority.enroll(bob, await authority.secret({ uid: 'bert' }))
    await authority.admin('PUT', '/services/etest/carl')
    requests = []
    troubles = []
  })

  afterEach(async () => {
    await context?.close()
    await authority.close()
    await removeTemporaryDirectories()
  })

  after(closeChromium)

  async function open(viewport = WIDTHS.wide): Promise<void> {
    context = await (await startedChromium()).newContext({ viewport })
    page = await context.newPage()
    page.on('request', (request) => requests.push(new URL(request.url()).origin))
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
    await page.goto(`${authority.origin}/nexus/admin`)
  }

  async function signIn(): Promise<void> {
    await page.keyboard.type(authority.served.service.createAdminToken().token)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#certificates tbody tr')
  }

  const rows = (section: string): Promise<string[]> => page.locator(`#${section} tbody tr`).allInnerTexts()
  const status = (): Promise<string> => page.locator('#status').innerText()
  const shoot = async (name: string): Promise<void> => {
    if (SHOTS !== undefined) {
      await writeFile(join(SHOTS, `${name}.png`), await page.screenshot({ fullPage: true }))
    }
  }

  for (const [name, viewport] of Object.entries(WIDTHS)) {
    it(`shows certificates, services, what is revoked and the audit log on a ${name} screen`, async () => {
      await open(viewport)
      await shoot(`${name}-sign-in`)
      await signIn()
      const [first, second] = await rows('certificates')
      assert.match(`${first} ${second}`, /anna, owner of etest/)
      assert.match(`${first} ${second}`, /bert, partner of etest[\s\S]*in 24 h/)
      assert.match((await rows('services')).join(), /etest[\s\S]*carl/)
      assert.deepEqual(await rows('revoked'), ['none'])
      assert.match((await rows('audit')).join('\n'), /get service[\s\S]*enroll/)
      await shoot(`${name}-board`)
      // Nothing is wider than the screen.
      const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')
      const [content, screen] = widths as [number, number]
      assert.ok(content <= screen, `${content} px of content on ${screen}`)
      assert.deepEqual([[...new Set(requests)], troubles], [[authority.origin], []])
    })
  }

  it('revokes with one click', async () => {
    await open()
    await signIn()
    await page
      .locator('#certificates tr', { hasText: 'bert' })
      .getByRole('button', { name: 'Revoke the user bert' })
      .click()
    await until(async () => (await rows('revoked')).join().includes('uid bert'), 'it is revoked')
    assert.match(await status(), /^Revoked the user bert, in version 1 of the list\.$/)
    const { body } = await authority.admin('GET', '/revocations')
    assert.deepEqual(
      body.revocations.map(({ kind, subject }: Record<string, string>) => [kind, subject]),
      [['uid', 'bert']]
    )
    await page.getByRole('button', { name: 'Let in again: uid bert' }).click()
    await until(async () => (await rows('revoked')).join() === 'none', 'it is let in')
  })

  it('is used by keyboard alone', async () => {
    await open()
    await signIn()
    const press = async (name: RegExp, most = 40): Promise<void> => {
      for (let count = 0; count < most; count++) {
        await page.keyboard.press('Tab')
        const focused = (await page.evaluate(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        )) as string
        if (name.test(focused)) {
          const outline = (await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')) as string
          assert.equal(outline, '3px', `the focus is seen on ${focused}`)
          await page.keyboard.press('Enter')
          return
        }
      }
      assert.fail(`${name} has no focus`)
    }
    await press(/^Revoke the key .* of anna$/)
    await until(async () => (await rows('revoked')).join().includes('peer '), 'it is revoked')
    // What had the focus is gone: it goes on in the same section.
    assert.match((await page.evaluate('document.activeElement.id')) as string, /^certificates$/)
    await press(/^Drop the service of etest for carl$/)
    await until(async () => (await rows('services')).join() === 'none', 'it is dropped')
    assert.match(await status(), /^carl does not have the service of etest any more\.$/)
  })

  it('says what is wrong, takes no text for markup, and forgets the token', async () => {
    await open()
    await page.keyboard.type('nxa.wrong.token')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#status.bad')
    assert.match(await status(), /no such admin token/)
    await page.locator('#token').fill('')
    await page.locator('#token').focus()
    // What strangers send is in the audit log.
    await authority.ask('POST', '/admin/<img src=x onerror=alert(1)>')
    await signIn()
    assert.equal(await page.locator('#audit img').count(), 0)
    assert.match((await rows('audit')).join(), /<img|%3Cimg/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    assert.equal(await page.locator('#board').isVisible(), false)
    await page.reload()
    assert.equal(await page.locator('#board').isVisible(), false)
  })
})
