import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { closeChromium } from '../support/chromium.ts'
import { TestMesh } from '../support/mesh.ts'
import { NexusProgram } from '../support/nexus-program.ts'
import { type MeshPage, PageSite } from '../support/page-site.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { waitFor } from '../support/wait-for.ts'

/** A relay in a process of its own, which comes back on the same ports. */
class RelayProcess {
  readonly #credential: string
  #listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
  #program: NexusProgram | undefined
  addresses: string[] = []

  constructor(credential: string) {
    this.#credential = credential
  }

  get ws(): string {
    return this.addresses.find((address) => address.includes('/ws'))!
  }

  async start(): Promise<void> {
    const listen = this.#listen.flatMap((address) => ['--listen', address])
    this.#program = new NexusProgram(['relay', '--json', '--credential', this.#credential, ...listen])
    const [line] = await this.#program.printed('stdout', /^\{.*"ready".*\}$/m)
    this.addresses = JSON.parse(line).addresses
    this.#listen = this.addresses.map((address) => address.replace(/\/p2p\/.*/, ''))
  }

  async kill(): Promise<void> {
    this.#program?.kill('SIGKILL')
    await this.#program?.ended
  }
}

describe('life of a page', function () {
  this.timeout(150_000)
  let mesh: TestMesh
  let relay: RelayProcess
  let site: PageSite

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const path = join(await temporaryDirectory(), 'relay.json')
    await writeCredentialFile(
      path,
      await mesh.network.credentialFor({ app: 'relay', uid: 'operator', block: 'relay', resource: 'relay' })
    )
    relay = new RelayProcess(path)
    await relay.start()
    site = await PageSite.open(mesh, [relay.ws])

    for (const uid of ['carl', 'dora']) {
      site.user(uid, { app: 'shop', uid, role: 'user', block: 'xwebsite', grants: ['etest'] })
    }
  })

  afterEach(async () => {
    await site.close()
    await mesh.stop()
    await relay.kill()
    await removeTemporaryDirectories()
  })

  after(closeChromium)

  /** Subscribes, and keeps what comes. */
  const listen = (page: MeshPage): Promise<void> =>
    page.run(async (nexus) => {
      const got: unknown[] = []
      Object.assign(globalThis, { got })
      await nexus.subscribe('news', ({ body }) => void got.push(body))
    })
  const got = (page: MeshPage): Promise<unknown[]> => page.run(() => (globalThis as unknown as { got: unknown[] }).got)
  const isReserved = (page: MeshPage): Promise<boolean> =>
    page.run(
      (nexus) => nexus.status.state === 'online' && nexus.addresses.some((address) => /p2p-circuit/.test(address))
    )

  it('comes back by itself after its relay was away for 10 s', async () => {
    const worker = await mesh.block({ resource: 'w' }, { bootstrap: relay.addresses, listen: [] })
    const pages = await Promise.all([site.join('carl'), site.join('dora')])

    for (const page of pages) {
      await listen(page)
      await waitFor('the reservation', () => isReserved(page))
      await page.run((nexus) => {
        const states: string[] = []
        Object.assign(globalThis, { states })
        nexus.onStatus(({ state }) => states.push(state))
      })
    }

    await relay.kill()
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    await relay.start()

    for (const page of pages) {
      await waitFor('the reservation again', () => isReserved(page), 10_000)
    }

    await waitFor(
      'a message after the restart',
      async () => {
        await worker.publish('news', 'after')
        const all = await Promise.all(pages.map(got))
        return all.every((messages) => messages.includes('after'))
      },
      20_000
    )
    for (const page of pages) {
      const states = await page.run(() => (globalThis as unknown as { states: string[] }).states)
      assert.ok(states.includes('offline') || states.includes('degraded'), `told of it: ${states}`)
      assert.equal(states.at(-1), 'online')
    }
  })

  it('calls within 5 s after 60 s without a network', async () => {
    const worker = await mesh.block({ resource: 'w' }, { bootstrap: relay.addresses, listen: [] })
    worker.handle('echo', ({ body }) => body)
    const page = await site.join('carl')
    const call = (timeoutMs: number): Promise<unknown> =>
      page.run((nexus, ms) => nexus.api({ app: 'etest', cmd: 'echo', body: 1, timeoutMs: ms }), timeoutMs)
    assert.equal(await call(10_000), 1)
    await page.page.context().setOffline(true)
    await waitFor('the status', () => page.run(({ status }) => status.reason === 'NO_NETWORK'))
    await new Promise((resolve) => setTimeout(resolve, 60_000))
    await page.page.context().setOffline(false)
    assert.equal(await call(5_000), 1)
    await waitFor('the status', () => page.run(({ status }) => status.state === 'online'))
  })

  it('renews its certificate, and comes back after it could not', async () => {
    // It ends 4 s from now: a minute is forgiven, and it is dated a minute back.
    site.clock = () => Date.now() - 59_000
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: [], validForMs: 3_000 })
    const page = await site.join('carl')
    site.refuse = () => ({ status: 503, error: { code: 'BUSY', message: 'not now' } })
    await waitFor('the end', () => page.run(({ status }) => status.reason === 'EXPIRED'), 30_000)
    site.clock = Date.now
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite', grants: [] })
    site.refuse = undefined
    await waitFor('the return', () => page.run(({ status }) => status.state === 'online'), 60_000)
  })
})
