import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import type { Identity, Nexus } from '../../src/types.ts'
import { closeChromium } from '../support/chromium.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { type MeshPage, PageSite } from '../support/page-site.ts'
import { until } from '../support/until.ts'

const wsOf = (relay: Relay): string => relay.addresses.find((address) => address.includes('/ws'))!

describe('pages in the mesh', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite
  let relay: Relay
  let open: Nexus
  let hidden: Nexus
  let carl: MeshPage
  let dora: MeshPage
  let panel: MeshPage

  before(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay()
    site = await PageSite.open(mesh, [wsOf(relay)])
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: ['etest'] })
    site.user('dora', { app: 'shop', uid: 'dora', role: 'user', block: 'xwebsite', grants: ['etest'] })
    site.user('anna', { app: 'etest', uid: 'anna', role: 'owner', block: 'adminpanel' })
    const bootstrap = relay.addresses
    open = await mesh.block({ resource: 'open' }, { bootstrap, listen: [LOOPBACK_TCP, LOOPBACK_WS] })
    // Listens nowhere: the relay is the only way to it.
    hidden = await mesh.block({ resource: 'hidden' }, { bootstrap, listen: [] })
    for (const worker of [open, hidden]) {
      worker.handle('whoami', ({ from, body }) => ({ from, body, served: worker.identity.resource }))
    }
    ;[carl, dora, panel] = await Promise.all([site.join('carl'), site.join('dora'), site.join('anna')])
  })

  after(async () => {
    await site?.close()
    await mesh?.stop()
    await closeChromium()
  })

  const pages = (): MeshPage[] => [carl, dora, panel]

  it('gives each page the identity of its user', () => {
    assert.deepEqual(
      pages().map(({ identity }) => [identity.jid, identity.block]),
      [
        ['shop-carl-user@test.nexus.example/webxo', 'xwebsite'],
        ['shop-dora-user@test.nexus.example/webxo', 'xwebsite'],
        ['etest-anna-owner@test.nexus.example/webuo', 'adminpanel']
      ]
    )
  })

  it('lets each find both workers', async () => {
    for (const page of pages()) {
      const found = await page.run((nexus) => nexus.find({ app: 'etest' }))
      assert.deepEqual(found.map(({ resource }) => resource).sort(), ['hidden', 'open'])
    }
  })

  it('lets each call both workers, who see who calls', async () => {
    for (const page of pages()) {
      for (const resource of ['open', 'hidden']) {
        const reply = await page.run(
          (nexus, target) => nexus.api({ app: 'etest', resource: target, cmd: 'whoami', body: { a: [1, 'ä'] } }),
          resource
        )
        assert.deepEqual(reply, { from: page.identity, body: { a: [1, 'ä'] }, served: resource })
      }
    }
  })

  it('lets each send directs to both workers', async () => {
    const got: Array<[Identity, unknown, string]> = []
    const ends = [open, hidden].map((worker) =>
      worker.onDirect(({ from, body }) => void got.push([from, body, worker.identity.resource]))
    )

    for (const page of pages()) {
      for (const resource of ['open', 'hidden']) {
        await page.run((nexus, target) => nexus.direct({ app: 'etest', resource: target, body: 'hello' }), resource)
      }
    }

    await until(() => got.length === 6, 'six directs')
    assert.deepEqual(
      got.map(([{ jid }, body, resource]) => `${jid} ${body} ${resource}`).sort(),
      pages()
        .flatMap(({ identity }) => ['open', 'hidden'].map((resource) => `${identity.jid} hello ${resource}`))
        .sort()
    )
    for (const end of ends) {
      end()
    }
  })

  it('carries a channel among all five', async () => {
    type Got = Array<{ from: string; body: unknown; itsMe: boolean }>
    const byWorker = new Map<Nexus, Got>([open, hidden].map((worker) => [worker, []]))

    for (const [worker, got] of byWorker) {
      await worker.subscribe('news', ({ from, body, itsMe }) => void got.push({ from: from.peerId, body, itsMe }))
    }
    for (const page of pages()) {
      await page.run(async (nexus) => {
        const got: Got = []
        Object.assign(globalThis, { got })
        await nexus.subscribe('news', ({ from, body, itsMe }) => void got.push({ from: from.peerId, body, itsMe }))
      })
    }

    await open.publish('news', 'open')
    await hidden.publish('news', 'hidden')
    for (const [index, page] of pages().entries()) {
      await page.run((nexus, body) => nexus.publish('news', body), `page ${index}`)
    }

    const expected = [
      [open.identity.peerId, 'open'],
      [hidden.identity.peerId, 'hidden'],
      ...pages().map(({ identity }, index) => [identity.peerId, `page ${index}`])
    ]
    const check = (got: Got, self: string): void =>
      assert.deepEqual(
        got.map(({ from, body, itsMe }) => `${from} ${body} ${itsMe}`).sort(),
        expected.map(([from, body]) => `${from} ${body} ${from === self}`).sort()
      )

    for (const [worker, got] of byWorker) {
      await until(() => got.length === 5, 'five messages')
      check(got, worker.identity.peerId)
    }
    for (const page of pages()) {
      await page.page.waitForFunction(() => (globalThis as unknown as { got: Got }).got.length === 5)
      check(await page.run(() => (globalThis as unknown as { got: Got }).got), page.identity.peerId)
    }
  })

  it('lets no page serve', async () => {
    for (const page of pages()) {
      const codes = await page.run((nexus) => {
        const codeOf = (work: () => unknown): string => {
          try {
            work()
            return 'none'
          } catch (error) {
            return (error as { code: string }).code
          }
        }
        return [codeOf(() => nexus.handle('x', () => 1)), codeOf(() => nexus.onDirect(() => undefined))]
      })
      assert.deepEqual(codes, ['FORBIDDEN', 'FORBIDDEN'])
    }
  })
})
