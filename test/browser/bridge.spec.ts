import assert from 'node:assert/strict'
import { createRelay } from '../../relay/relay.ts'
import { closeChromium } from '../support/chromium.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { migrationTables } from '../support/migration-guide.ts'
import { PageSite } from '../support/page-site.ts'
import { waitFor } from '../support/wait-for.ts'

describe('the bridge in a page', function () {
  this.timeout(90_000)
  let mesh: TestMesh
  let site: PageSite

  before(async () => {
    mesh = await TestMesh.create()
    site = await PageSite.open(mesh, [])
    const grants = ['etest', 'calc']
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'device', resource: 'webxo', grants })
  })

  after(async () => {
    await site.close()
    await closeChromium()
    await mesh.stop()
  })

  it('is the global nexus, and calls nexusconnected.func at every connection', async () => {
    const credential = await mesh.network.credentialFor({
      app: 'relay',
      uid: 'operator',
      block: 'relay',
      resource: 'r'
    })
    let relay = mesh.keep(await createRelay({ credential, listen: [LOOPBACK_TCP, LOOPBACK_WS] }))
    const { addresses } = relay
    const tcp = addresses.filter((address) => !address.includes('/ws'))
    site.bootstrap = addresses.filter((address) => address.includes('/ws'))
    // With a direct path the page would be connected without the relay too.
    const worker = await mesh.block({}, { bootstrap: tcp, webrtc: false })
    worker.handle<{ a: number }>('double', ({ body }) => ({ code: 0, result: 2 * body.a }))
    const page = await site.page()
    const answer = await page.evaluate(async () => {
      const { connect } = await import(String('/nexus-mesh.js'))
      Object.assign(globalThis, { connections: 0 })
      nexusconnected.func = () => {
        Object.assign(globalThis, { connections: Reflect.get(globalThis, 'connections') + 1 })
      }
      await connect({ url: '/nexus/certificate?user=carl' })
      return nexus.api({ app: 'etest', cmd: 'double', body: { a: 21 } })
    })
    assert.deepEqual(answer, { code: 0, result: 42 })
    const connections = (): Promise<number> => page.evaluate(() => Reflect.get(globalThis, 'connections'))
    await waitFor('the first connection to be told', async () => (await connections()) === 1)

    await mesh.drop(relay)
    await waitFor('the page to notice', () => page.evaluate(() => !nexus.connected), 30_000)
    const listen = addresses.map((address) => address.replace(/\/p2p\/.*/, ''))
    relay = mesh.keep(await createRelay({ credential, listen }))
    await waitFor('the second one to be told', async () => (await connections()) === 2, 30_000)
  })

  it('gives what docs/MIGRATION.md says', async () => {
    const relay = await mesh.relay()
    site.bootstrap = relay.addresses.filter((address) => address.includes('/ws'))
    const tcp = relay.addresses.filter((address) => !address.includes('/ws'))
    const calc = await mesh.block({ app: 'calc', uid: 'olga' }, { bootstrap: tcp })
    calc.handle<{ a: number; b: number }>('multiply', ({ body }) => ({ code: 0, result: body.a * body.b }))
    const page = await site.page()
    await page.evaluate('globalThis.heard = []')

    for (const { name, code, gives } of migrationTables().get('Pages')!) {
      const run = code.startsWith('import(')
        ? `import('/nexus-mesh.js').then(({ connect }) => { globalThis.connect = connect })`
        : `(async () => await (${code}))()`

      if (gives === undefined) {
        await page.evaluate(`${run}.then(() => undefined)`)
      } else {
        const given = (): Promise<string> => page.evaluate(`${run}.then(JSON.stringify)`)
        await waitFor(name, async () => (await given()) === JSON.stringify(gives))
      }
    }
  })
})
