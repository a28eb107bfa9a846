import assert from 'node:assert/strict'
import { signLease } from '../../src/identity/lease.ts'
import type { Nexus } from '../../src/types.ts'
import { keyFor, type TestBlock } from '../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../support/members.ts'
import { TestMesh } from '../support/mesh.ts'
import { type Swallower, startSwallower } from '../support/swallower.ts'
import { until } from '../support/until.ts'

/** Workers of other users that are announced and cannot be reached. */
const DEAD = 40
const CALLS = 500
/** Dials of dead ones that are under way at a time, once a worker is reached: those of calls, and of the background. */
const MOST_DIALS = 64

describe('40 workers of other users that swallow what they are sent, beside two that answer', function () {
  this.timeout(120_000)

  let mesh: TestMesh
  let swallower: Swallower
  let bootstrap: string[]

  before(async () => {
    mesh = await TestMesh.create()
    swallower = await startSwallower()
    const relay = await mesh.relay()
    bootstrap = relay.addresses.slice(0, 1)

    for (const resource of ['alive0', 'alive1']) {
      const worker = await mesh.block({ resource }, { bootstrap })
      worker.handle('who', () => resource)
    }

    // It tells whoever asks of workers that have certificates and sign their leases, and are nowhere.
    const member = await startMember(mesh.network, { block: { uid: 'mallory', resource: 'liar' } })
    bootstrap.push(...member.addresses().map(String))

    for (let count = 0; count < DEAD; count++) {
      await announceDead(member, { uid: `mallory${count}`, role: 'partner', resource: `dead${count}` })
    }
  })

  after(async () => {
    await mesh.stop()
    await stopMembers()
    swallower.close()
  })

  async function announceDead({ parts, credential }: TestMember, block: TestBlock): Promise<void> {
    const privateKey = await keyFor(block.resource as string)
    const { certificate: token } = await mesh.network.credentialFor({ block: 'worker', privateKey, ...block })
    const certificate = await credential.verifier.verify(token)
    const event = 'join'
    const terms = { event, version: Date.now(), addresses: [swallower.address], load: 0, issuedAt: Date.now() } as const
    parts.book.take(certificate, { ...terms, token: await signLease({ privateKey, certificate }, terms) })
  }

  /** A block that has just come, and has heard of all of them. */
  async function newCaller(): Promise<Nexus> {
    return mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, { bootstrap })
  }

  it('cost a new caller less than two seconds for its first call, and nothing after it', async () => {
    const caller = await newCaller()
    const answers = new Map<string, number>()
    const tookMs: number[] = []

    for (let call = 0; call < CALLS; call++) {
      const began = performance.now()
      const answer = await caller.api<string>({ app: 'etest', cmd: 'who' })
      tookMs.push(performance.now() - began)
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }

    const [first, ...others] = tookMs as [number, ...number[]]
    const slowest = Math.max(...others)
    assert.ok(first < 2_000, `the first call took ${first} ms`)
    assert.ok(slowest < 1_000, `one call took ${slowest} ms`)
    await until(async () => {
      const answer = await caller.api<string>({ app: 'etest', cmd: 'who' })
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
      return answers.size === 2
    }, 'both workers have their share')
    assert.ok(swallower.open() <= MOST_DIALS, `${swallower.open()} dials at a time`)
  })

  it('fail none of many calls that a new caller begins at once', async () => {
    const caller = await newCaller()
    const began = performance.now()
    const answers = await Promise.all(
      Array.from({ length: CALLS }, () => caller.api<string>({ app: 'etest', cmd: 'who' }))
    )
    const tookMs = performance.now() - began
    assert.ok(tookMs < 3_000, `they took ${tookMs} ms`)
    assert.ok(answers.every((answer) => answer.startsWith('alive')))
  })
})
