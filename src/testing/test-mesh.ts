import { setTimeout as sleep } from 'node:timers/promises'
import { NexusError } from '../errors.ts'
import { Authority } from '../identity/authority.ts'
import { type Credential, createCredential } from '../identity/credential.ts'
import { generateKey, peerIdOf } from '../identity/keys.ts'
import { createBlock } from '../node/create-block.ts'
import type { NexusOptions } from '../node/options.ts'
import type { BlockKind, Nexus, Role } from '../types.ts'
import { memoryPlatform } from './memory-platform.ts'

const DEFAULT_NETWORK = 'test.example'
/** How long a block may take to be connected with all others. */
const JOIN_TIMEOUT_MS = 5_000
const POLL_MS = 1

/** What a mesh of a test says for its blocks. */
type Given =
  | 'credential'
  | 'authority'
  | 'secret'
  | 'bootstrap'
  | 'listen'
  | 'announce'
  | 'webrtc'
  | 'waitForBootstrap'
  | 'bootstrapTimeoutMs'

/** Who a block of a test is, and how it runs: the options of `createNexus` but for those of who it is and how it joins. */
export interface TestBlock extends Omit<NexusOptions, Given> {
  /** Default `etest`. */
  app?: string
  /** Default `anna`. */
  uid?: string
  /** Default `owner`. */
  role?: Role
  /** Default `worker`. */
  block?: BlockKind
  /** Default one that no other block of this mesh has: `r1`, `r2` and so on. */
  resource?: string
  /** Apps whose service its user has, for calls at workers of other apps. Default: none. */
  grants?: string[]
}

/** A mesh in this process. */
export interface TestMesh {
  /** Signs the certificates of its blocks, and whatever a test needs beside: its root key is new in each mesh. */
  readonly authority: Authority

  /**
   * Starts a block and connects it with all others. It is found at once. Rejects with `INVALID` for a bad option, app,
   * user or resource.
   */
  block: (options?: TestBlock) => Promise<Nexus>

  /** Stops all blocks, the last one first, without waiting for calls under way. */
  stop: () => Promise<void>

  /** `stop`, at the end of the scope. */
  [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * A mesh for tests: blocks of this process that reach each other in memory, without a socket, file or relay. All else is
 * as it runs in production: certificates of an authority of its own, the gate, grants, sessions, channels. Node only.
 * `network` is its name, `test.example` by default. Rejects with `INVALID` when that is no name of a network.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { test } from 'node:test'
 * import { createTestMesh } from 'nexus-mesh/testing'
 *
 * test('multiplies', async () => {
 *   await using mesh = await createTestMesh()
 *   const worker = await mesh.block({ app: 'etest' })
 *   worker.handle<{ a: number; b: number }>('multiply', ({ body }) => ({ code: 0, result: body.a * body.b }))
 *   const caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] })
 *   assert.deepEqual(await caller.api({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } }), { code: 0, result: 42 })
 * })
 * ```
 */
export async function createTestMesh({ network = DEFAULT_NETWORK }: { network?: string } = {}): Promise<TestMesh> {
  return new MemoryMesh(await Authority.create({ network }))
}

class MemoryMesh implements TestMesh {
  readonly authority: Authority
  readonly #blocks: Nexus[] = []
  #count = 0
  /** Blocks join one after the other, so that each knows of all before it. */
  #joining: Promise<unknown> = Promise.resolve()

  constructor(authority: Authority) {
    this.authority = authority
  }

  block(options: TestBlock = {}): Promise<Nexus> {
    const joined = this.#joining.then(() => this.#join(options))
    this.#joining = joined.catch(() => undefined)
    return joined
  }

  async stop(): Promise<void> {
    await this.#joining

    for (const block of this.#blocks.splice(0).reverse()) {
      await block.stop({ graceMs: 0 })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #join({ app, uid, role, block, resource, grants, ...options }: TestBlock): Promise<Nexus> {
    const credential = await this.#credential({ app, uid, role, block, resource, grants })
    // A block that the test has stopped has no addresses any more.
    const others = this.#blocks.filter(({ addresses }) => addresses.length > 0)
    const bootstrap = others.flatMap(({ addresses }) => addresses)
    const nexus = await createBlock({ reserve: false, ...options, credential, bootstrap }, memoryPlatform)
    this.#blocks.push(nexus)
    await connected(nexus, others)
    nexus.ready()
    return nexus
  }

  async #credential(who: Omit<TestBlock, keyof NexusOptions> & { resource?: string }): Promise<Credential> {
    const { app = 'etest', uid = 'anna', role = 'owner', block = 'worker', grants = [] } = who
    const { resource = `r${++this.#count}` } = who
    const key = await generateKey()
    const { authority } = this
    const subject = { peerId: peerIdOf(key), app, uid, role, block, resource }
    const certificate = await authority.issueCertificate(subject)
    const held = await Promise.all(grants.map(async (of) => ({ grant: await authority.issueGrant({ uid, app: of }) })))
    const roots = [authority.rootId]
    return createCredential({ network: authority.network, key, certificate, grants: held, roots })
  }
}

/** Waits until a block is connected with all of these. */
async function connected(nexus: Nexus, others: readonly Nexus[]): Promise<void> {
  const deadline = performance.now() + JOIN_TIMEOUT_MS
  const missing = (): Nexus | undefined => {
    const peerIds = new Set(nexus.peers.map(({ peer }) => peer.peerId))
    return others.find(({ identity, addresses }) => !peerIds.has(identity.peerId) && addresses.length > 0)
  }

  for (let one = missing(); one !== undefined; one = missing()) {
    if (performance.now() > deadline) {
      throw new NexusError('UNREACHABLE', `${nexus.identity.jid} is not connected with ${one.identity.jid}`)
    }
    await sleep(POLL_MS)
  }
}
