import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRelay, type Relay } from '../../relay/relay.ts'
import { CLOCK_LEEWAY_S } from '../../src/constants.ts'
import { parseKey, peerIdOf } from '../../src/identity/keys.ts'
import { createNexus } from '../../src/node/create.ts'
import { readCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../src/types.ts'
import { ServiceProcess } from '../authority/support/service-process.ts'
import { closeChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { type MeshPage, PageSite } from '../support/page-site.ts'
import { BlockProcess } from '../support/process.ts'
import { verdictsOn } from '../support/raw-node.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/**
 * The long form, some ten minutes, with a leeway of 1 s:
 * `RENEWAL_SECONDS=240 NODE_OPTIONS=--import=$PWD/test/support/short-leeway.ts npx mocha test/e2e/renewal-load.spec.ts`
 */
const SECONDS = Number(process.env.RENEWAL_SECONDS ?? 5)
const IS_LONG = SECONDS > 30
const OUTAGE_MS = IS_LONG ? 60_000 : 2_000
const CALLS_PER_SECOND = IS_LONG ? 200 : 50
const MESSAGES_PER_SECOND = IS_LONG ? 50 : 20
const PAGE_CALLS_PER_SECOND = 5

describe('certificates that are renewed under load', function () {
  this.timeout(60_000 + SECONDS * 1_500)

  let mesh: RenewingMesh

  afterEach(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  after(closeChromium)

  it(`do so for ${SECONDS} s without an error, a gap or another connection, and the first ones are refused then`, async () => {
    const validityMs = IS_LONG ? 20_000 : 2_000
    mesh = await RenewingMesh.start(validityMs)
    const old = await mesh.credentials()
    await mesh.load(SECONDS * 1_000)
    const renewals = await mesh.renewals()
    console.log(`      ${mesh.report()}; renewals ${JSON.stringify(renewals)}; leeway ${CLOCK_LEEWAY_S} s`)
    mesh.assertNothingLost()
    const least = IS_LONG ? 10 : 2
    assert.ok(Math.min(...Object.values(renewals)) >= least, JSON.stringify(renewals))

    if (validityMs + CLOCK_LEEWAY_S * 1_000 < SECONDS * 1_000) {
      for (const { key, certificate } of old) {
        const verdicts = await mesh.verdictsOn({ privateKey: parseKey(key), certificate })
        assert.deepEqual(new Set(verdicts), new Set(['EXPIRED']))
      }
    }
  })

  it(`need no service for ${OUTAGE_MS / 1_000} s: while it is killed, nothing fails`, async () => {
    // Renewals are due in its middle: at half of the time, and up to a tenth later.
    const validityMs = IS_LONG ? OUTAGE_MS * 3 : 9_000
    mesh = await RenewingMesh.start(validityMs)
    const loading = mesh.load(validityMs / 3 + OUTAGE_MS * 2)
    await delay(validityMs / 3)
    await mesh.killService()
    await delay(OUTAGE_MS)
    await mesh.startService()
    await loading
    console.log(`      ${mesh.report()}; the service was away for ${OUTAGE_MS / 1_000} s`)
    mesh.assertNothingLost()
    await until(async () => Math.min(...Object.values(await mesh.renewals())) > 0, 'renewals after it', validityMs)
  })
})

/** What a page has seen. */
interface PageCounts {
  got: number
  trouble: string[]
}

/** A service that can be killed, a relay, a worker in a process of its own, a caller and a page, all of which renew. */
class RenewingMesh {
  readonly #folder: string
  readonly #validityMs: number
  readonly #mesh: TestMesh
  readonly #port: number
  readonly #events: string[] = []
  #service = new ServiceProcess()
  #relay!: Relay
  #worker = new BlockProcess()
  #caller!: Nexus
  #site!: PageSite
  #page!: MeshPage
  #pageCertificates = 0
  #calls = 0
  #pageCalls = 0
  #published = 0
  #got = { worker: 0, page: 0 }
  #trouble: string[] = []

  private constructor(folder: string, validityMs: number, mesh: TestMesh, port: number) {
    this.#folder = folder
    this.#validityMs = validityMs
    this.#mesh = mesh
    this.#port = port
  }

  static async start(validityMs: number): Promise<RenewingMesh> {
    const mesh = new RenewingMesh(await temporaryDirectory(), validityMs, await TestMesh.create(), await freePort())
    const { origin: authority, secret } = await mesh.startService()
    const ofRelay = await mesh.#service.run('secret', { uid: 'anna', block: 'relay', resource: 'relay' })
    const onEvent = ({ event, message = '' }: { event: string; message?: string }): void => {
      // With a leeway of 1 s a lease is too old when it waited that long: it is no matter of renewal.
      const leewayS: number = CLOCK_LEEWAY_S
      const isLate = leewayS === 1 && event === 'refused-messages' && message.includes('lease')
      if (event !== 'connected' && event !== 'expires-soon' && !isLate) {
        mesh.#events.push(`${event} ${message}`)
      }
    }
    const at = (name: string): string => join(mesh.#folder, `${name}.json`)
    const listen = [LOOPBACK_TCP, LOOPBACK_WS]
    mesh.#relay = await createRelay({ authority, secret: ofRelay, credential: at('relay'), listen, onEvent })
    const bootstrap = mesh.#relay.addresses
    const enrolled = { authority, secret, bootstrap, listen: [LOOPBACK_TCP] }
    await mesh.#worker.run('start', { ...enrolled, credential: at('worker'), resource: 'worker' })
    await mesh.#worker.run('serve')
    await mesh.#worker.run('subscribe', 'news')
    mesh.#caller = await createNexus({ ...enrolled, credential: at('caller'), resource: 'caller' })
    await mesh.#openPage(bootstrap.filter((address) => address.includes('/ws')))
    await until(
      async () =>
        mesh.#call().then(
          () => true,
          () => false
        ),
      'the worker'
    )
    await until(async () => (await mesh.#caller.publish('warm', 0)) >= 0, 'the channel')
    mesh.#caller.onStatus(({ state }) => void (state === 'online' || mesh.#events.push(`caller ${state}`)))
    mesh.#events.length = 0
    return mesh
  }

  async #openPage(bootstrap: string[]): Promise<void> {
    const { validityMs: validForMs } = { validityMs: this.#validityMs }
    this.#site = await PageSite.open(this.#mesh, bootstrap)
    this.#site.user('carl', {
      app: 'shop',
      uid: 'carl',
      role: 'user',
      block: 'xwebsite',
      grants: ['etest'],
      validForMs
    })
    this.#site.tamper = (answer) => {
      this.#pageCertificates++
      return answer
    }
    this.#page = await this.#site.join('carl')
    await this.#page.run(async (nexus) => {
      const counts = { got: 0, trouble: [] as string[] }
      Object.assign(globalThis, { counts })
      const onGap = ({ missed }: { missed: number }): void => void counts.trouble.push(`missed ${missed}`)
      nexus.onStatus(({ state }) => void (state === 'online' || counts.trouble.push(state)))
      await nexus.subscribe('news', () => void counts.got++, { onGap })
    })
  }

  /** What the relay and the caller say of a certificate. */
  verdictsOn(shown: Parameters<typeof verdictsOn>[1]): Promise<string[]> {
    const [relay, caller] = [this.#relay.addresses[0]!, this.#caller.addresses[0]!]
    // Nobody dials itself.
    const isCaller = peerIdOf(shown.privateKey) === this.#caller.identity.peerId
    return verdictsOn(this.#mesh.network, shown, isCaller ? [relay] : [relay, caller])
  }

  /** Those of the worker and the caller, as they are now. */
  async credentials(): Promise<Array<{ key: string; certificate: string }>> {
    return Promise.all(['worker', 'caller'].map((name) => readCredentialFile(join(this.#folder, `${name}.json`))))
  }

  async startService(): Promise<{ origin: string; secret: string }> {
    if (this.#service.ended) {
      this.#service = new ServiceProcess()
    }
    if (this.#site !== undefined) {
      this.#site.refuse = undefined
    }
    return this.#service.run('start', this.#folder, { port: this.#port, validityMs: this.#validityMs })
  }

  async killService(): Promise<void> {
    await this.#service.kill()
    if (this.#site !== undefined) {
      // The site has its certificates from there.
      this.#site.refuse = () => ({ status: 503, error: { code: 'UNREACHABLE', message: 'the service is away' } })
    }
  }

  /** Calls and publishes for so long; the page calls too. */
  async load(forMs: number): Promise<void> {
    const end = performance.now() + forMs
    const atRate = async (perSecond: number, act: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now()
      const running: Array<Promise<unknown>> = []
      while (performance.now() < end) {
        running.push(act().catch((error) => this.#events.push(String(error))))
        await delay(Math.max(0, begun + (running.length * 1_000) / perSecond - performance.now()))
      }
      await Promise.all(running)
      return running.length
    }
    ;[this.#calls, this.#published, this.#pageCalls] = await Promise.all([
      atRate(CALLS_PER_SECOND, () => this.#call()),
      atRate(MESSAGES_PER_SECOND, () => this.#caller.publish('news', { at: Date.now() })),
      atRate(PAGE_CALLS_PER_SECOND, () =>
        this.#page.run((nexus) => nexus.api({ app: 'etest', resource: 'worker', cmd: 'whoami', timeoutMs: 10_000 }))
      )
    ])
    await until(
      () => this.#hasAll(),
      () => `all messages: ${JSON.stringify(this.#got)} of ${this.#published}`,
      15_000
    )
  }

  async #hasAll(): Promise<boolean> {
    const worker = (await this.#worker.run('received')).filter(({ kind }) => kind === 'news').length
    const counts = await this.#page.run(() => (globalThis as unknown as { counts: PageCounts }).counts)
    this.#trouble = [...counts.trouble, ...(await this.#worker.run('gaps')).map((missed) => `missed ${missed}`)]
    const page = counts.got
    this.#got = { worker, page }
    return worker >= this.#published && page >= this.#published
  }

  async #call(): Promise<unknown> {
    return this.#caller.api({ app: 'etest', resource: 'worker', cmd: 'count', body: { id: 0 }, timeoutMs: 10_000 })
  }

  /** How often each has renewed. */
  async renewals(): Promise<Record<string, number>> {
    const given = await this.#service.run('certificates')
    const blocks = Object.entries(given).map(([peer, count]): [string, number] => [peer.slice(-6), count - 1])
    return Object.fromEntries([...blocks, ['page', this.#pageCertificates - 1]])
  }

  report(): string {
    const { worker, page } = this.#got
    return `${this.#calls} calls, ${this.#pageCalls} of the page, ${this.#published} messages: ${worker} and ${page} got`
  }

  assertNothingLost(): void {
    assert.deepEqual([this.#events, this.#trouble], [[], []])
    assert.deepEqual(this.#got, { worker: this.#published, page: this.#published })
  }

  async stop(): Promise<void> {
    await this.#site?.close()
    await this.#worker.kill()
    await this.#caller?.stop()
    await this.#relay?.stop()
    await this.#service.kill()
    await this.#mesh.stop()
  }
}
