import type { Browser, Route } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { type TestNetwork, testNetwork } from '../identities.ts'
import { MeshPage, PageSite } from '../page-site.ts'
import { BlockProcess } from '../process.ts'
import { RelayProcess } from '../relay-process.ts'
import { measurePath, type PathMeasured, type PathQuestion } from './measure-path.ts'
import { launcherIn } from './namespaces.ts'
import { HUB_IP4, HUB_IP6, NatLab, type SiteKind } from './nat-lab.ts'

/** Those of `nexus relay`. */
const TCP_PORT = 9700
const WEB_SOCKET_PORT = 9701
const STUN_PORT = 3478

/** What calls from a host: a Node block, or a page. */
export type CallerProgram = 'node' | 'page'

type Measure = (question: PathQuestion) => Promise<PathMeasured>

/**
 * A mesh over a laboratory: a relay at its hub, and one worker and one caller of each kind that is asked for, each in its
 * host's namespace. A worker has an app of its own, so that its caller meets no other.
 */
export class NatMesh {
  readonly lab = new NatLab()
  readonly #network: TestNetwork
  readonly #site: PageSite
  readonly #relay: RelayProcess
  readonly #blocks: BlockProcess[] = []
  readonly #browsers: Browser[] = []
  readonly #workers = new Map<SiteKind, Promise<{ app: string; peer: string }>>()
  readonly #callers = new Map<string, Promise<Measure>>()
  #relayId = ''
  #count = 0

  private constructor(network: TestNetwork, site: PageSite) {
    this.#network = network
    this.#site = site
    this.#relay = new RelayProcess(launcherIn(this.lab.hub))
  }

  static async start(): Promise<NatMesh> {
    const network = await testNetwork({ clock: Date.now })
    const mesh = new NatMesh(network, await PageSite.open({ network }, []))

    try {
      const credential = await network.credentialFor({ app: 'relay', block: 'relay', resource: 'relay' })
      const [address = ''] = await mesh.#relay.run('start', { credential, stunPort: STUN_PORT })
      mesh.#relayId = address.split('/').at(-1)!
      return mesh
    } catch (error) {
      await mesh.stop()
      throw error
    }
  }

  /** Calls from a host of one kind to a worker on a host of another, as a block that is new. */
  async measure(
    program: CallerProgram,
    caller: SiteKind,
    worker: SiteKind,
    times: Pick<PathQuestion, 'waitMs' | 'holdMs'>
  ): Promise<PathMeasured> {
    const [target, measure] = await this.prepare(program, caller, worker)
    return measure({ ...target, ...times })
  }

  /** Starts the hosts of a measurement, as far as they do not run. */
  prepare(
    program: CallerProgram,
    caller: SiteKind,
    worker: SiteKind
  ): Promise<[target: { app: string; peer: string }, measure: Measure]> {
    const start = program === 'node' ? this.#nodeCaller : this.#pageCaller
    return Promise.all([
      once(this.#workers, worker, () => this.#worker(worker)),
      once(this.#callers, `${program} ${caller}`, () => start(caller))
    ])
  }

  async stop(): Promise<void> {
    await Promise.all(this.#browsers.map((browser) => browser.close()))
    await Promise.all([...this.#blocks, this.#relay].map((process) => process.kill()))
    await this.#site.close()
    this.lab.close()
  }

  /** The relay, as a host of this kind reaches it. */
  #relayAddress(kind: SiteKind, port: string): string {
    const host = kind === 'ip6-only' ? `/ip6/${HUB_IP6}` : `/ip4/${HUB_IP4}`
    return `${host}/tcp/${port}/p2p/${this.#relayId}`
  }

  async #worker(kind: SiteKind): Promise<{ app: string; peer: string }> {
    const app = kind.replaceAll('-', '')
    const block = this.#block(this.lab.site(kind))
    const credential = await this.#network.credentialFor({ app, uid: 'anna' })
    const bootstrap = [this.#relayAddress(kind, `${TCP_PORT}`)]
    const { peerId } = await block.run('start', { credential, bootstrap })
    await block.run('serve')
    return { app, peer: peerId }
  }

  readonly #nodeCaller = async (kind: SiteKind): Promise<Measure> => {
    const block = this.#block(this.lab.site(kind))
    const bootstrap = [this.#relayAddress(kind, `${TCP_PORT}`)]
    return async (question) => {
      const grants = question.app === undefined ? [] : [question.app]
      const terms = { app: 'shop', uid: 'carl', role: 'user', resource: `c${this.#count++}`, grants } as const
      await block.run('start', { credential: await this.#network.credentialFor(terms), bootstrap })

      try {
        return await block.run('measurePath', question)
      } finally {
        await block.run('leave')
      }
    }
  }

  readonly #pageCaller = async (kind: SiteKind): Promise<Measure> => {
    const browser = await launchChromium(launcherIn(this.lab.site(kind).namespace))
    this.#browsers.push(browser)
    return async (question) => {
      const user = `u${this.#count++}`
      const grants = question.app === undefined ? [] : [question.app]
      this.#site.user(user, { app: 'shop', uid: user, role: 'user', block: 'xwebsite', grants })
      this.#site.bootstrap = [this.#relayAddress(kind, `${WEB_SOCKET_PORT}/ws`)]
      const context = await browser.newContext()

      try {
        // The site is outside of the laboratory.
        await context.route(`${this.#site.url}/**`, fetchHere)
        const page = await MeshPage.join(await this.#site.tab(context), user)
        return await page.run(measurePath, question)
      } finally {
        await context.close()
      }
    }
  }

  #block({ namespace }: { namespace: string }): BlockProcess {
    const block = new BlockProcess({ launcher: launcherIn(namespace) })
    this.#blocks.push(block)
    return block
  }
}

async function fetchHere(route: Route): Promise<void> {
  const request = route.request()
  const body = request.postDataBuffer() ?? undefined
  const response = await fetch(request.url(), {
    method: request.method(),
    headers: request.headers(),
    body: body && new Uint8Array(body)
  })
  const contentType = response.headers.get('content-type') ?? undefined
  await route.fulfill({ status: response.status, contentType, body: Buffer.from(await response.arrayBuffer()) })
}

function once<K, V>(made: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const value = made.get(key) ?? make()
  made.set(key, value)
  return value
}
