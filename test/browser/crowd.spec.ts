import assert from 'node:assert/strict'
import type { Nexus, PeerPath } from '../../src/types.ts'
import { closeChromium } from '../support/chromium.ts'
import { TestMesh } from '../support/mesh.ts'
import { type MeshPage, PageSite } from '../support/page-site.ts'
import { until } from '../support/until.ts'

/** Set to `10,30` for the whole picture, on a machine that has nothing else to do. */
const { NEXUS_TEST_PAGES, NEXUS_TEST_WEBRTC } = process.env
const CROWDS = (NEXUS_TEST_PAGES ?? '5').split(',').map(Number)
const PER_SECOND = 20
const SECONDS = NEXUS_TEST_PAGES === undefined ? 3 : 10
/** Of the time from the publisher to a page. */
const MAX_P99_MS = NEXUS_TEST_PAGES === undefined ? 1_000 : 100
/** Links of one page, and circuits of it, however many are on the channel. */
const MAX_LINKS = 3

interface Message {
  id: number
  at: number
}

/** What a page has heard, and how it is connected. */
interface Heard {
  ids: number[]
  delays: number[]
  links: number
  circuits: number
}

describe('a channel with many pages', function () {
  this.timeout(180_000)
  // The time that a message takes is that of the machine when it is busy.
  this.retries(NEXUS_TEST_PAGES === undefined ? 1 : 0)
  let mesh: TestMesh
  let site: PageSite
  let publisher: Nexus

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    site = await PageSite.open(mesh, [relay.addresses.find((address) => address.includes('/ws'))!])
    publisher = await mesh.block({}, { bootstrap: relay.addresses, webrtc: true })
  })

  afterEach(async () => {
    await site.close()
    await mesh.stop()
  })

  after(closeChromium)

  for (const count of CROWDS) {
    it(`brings ${count} pages every message once, from the moment on that they have joined`, async () => {
      const pages = await joinAll(count)
      const sent = await publishAll()
      await until(async () => (await hearing(pages)).every(({ ids }) => ids.length >= sent), 'all messages', 20_000)
      const heard = await hearing(pages)
      const delays = heard.flatMap(({ delays }) => delays).sort((a, b) => a - b)
      const at = (part: number): number =>
        Math.round(delays[Math.min(delays.length - 1, Math.floor(delays.length * part))]!)
      const counts = (of: (page: Heard) => number): string => heard.map(of).join(' ')
      console.log(`      | pages | p50 ms | p99 ms | links | circuits |`)
      console.log(
        `      | ${count} | ${at(0.5)} | ${at(0.99)} | ${counts(({ links }) => links)} | ${counts(({ circuits }) => circuits)} |`
      )
      const ids = Array.from({ length: sent }, (_, id) => id)
      assert.ok(heard.every((page) => page.ids.toSorted((a, b) => a - b).join() === ids.join()))
      assert.ok(heard.every(({ links, circuits }) => links <= MAX_LINKS && circuits <= MAX_LINKS))
      assert.ok(at(0.99) < MAX_P99_MS, `${at(0.99)} ms`)
    })
  }

  async function joinAll(count: number): Promise<MeshPage[]> {
    const users = Array.from({ length: count }, (_, index) => `user${index}`)
    const join = NEXUS_TEST_WEBRTC === 'off' ? { webrtc: false } : {}

    for (const uid of users) {
      site.user(uid, { app: 'shop', uid, role: 'user', block: 'xwebsite', grants: ['etest'] })
    }
    const pages: MeshPage[] = []

    // One after the other: each is told of those before it.
    for (const user of users) {
      const page = await site.join(user, { join })
      await page.run(listen)
      pages.push(page)
    }
    return pages
  }

  async function publishAll(): Promise<number> {
    const publishing: Array<Promise<unknown>> = []
    const began = performance.now()

    for (let id = 0; id < PER_SECOND * SECONDS; id++) {
      publishing.push(publisher.publish('crowd', { id, at: Date.now() } satisfies Message))
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, began + (id + 1) * (1_000 / PER_SECOND) - performance.now()))
      )
    }
    await Promise.all(publishing)
    return publishing.length
  }

  function hearing(pages: MeshPage[]): Promise<Heard[]> {
    return Promise.all(pages.map((page) => page.run(report)))
  }
})

// These run in a page: nothing around them is there.

async function listen(nexus: Nexus): Promise<void> {
  const heard = { ids: [] as number[], delays: [] as number[] }
  Object.assign(globalThis, { heard })
  await nexus.subscribe<{ id: number; at: number }>('crowd', ({ body: { id, at } }) => {
    heard.ids.push(id)
    heard.delays.push(Date.now() - at)
  })
}

function report(nexus: Nexus): Heard {
  const { heard } = globalThis as unknown as { heard: Pick<Heard, 'ids' | 'delays'> }
  const over = (path: PeerPath['path']): number => nexus.peers.filter((peer) => peer.path === path).length
  return { ...heard, links: over('webrtc'), circuits: over('relay') }
}
