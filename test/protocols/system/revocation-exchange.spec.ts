import assert from 'node:assert/strict'
import { NexusError } from '../../../src/errors.ts'
import type { Authority } from '../../../src/identity/authority.ts'
import { type RevocationEntry, signRevocationDelta } from '../../../src/identity/revocation.ts'
import { retireRoots, rotateRoot } from '../../../src/identity/rotation.ts'
import { assertCode } from '../../support/calls.ts'
import { keyFor, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

const options = { timeoutMs: 5_000 }
const versionOf = ({ credential }: TestMember, signer = ''): number => credential.revocations.versions[signer] ?? 0
const knows = (member: TestMember, other: TestMember): boolean => member.parts.node.verified.has(other.peerId)

describe('exchange of revocation lists', () => {
  let network: TestNetwork
  let issuing: Authority
  let issuer: string
  let left: TestMember
  let right: TestMember

  beforeEach(async () => {
    network = await testNetwork()
    issuing = await network.authority.createIssuer()
    issuer = issuing.issuer?.peerId ?? ''
    left = await startMember(network, { block: { resource: 'left' } })
    right = await startMember(network, { block: { resource: 'right' } })
    await left.dial(right)
  })

  afterEach(stopMembers)

  /** Version `version` of the roots' list, with so many entries more than the one before. */
  const added = async (version: number, count: number): Promise<string> => {
    const until = Math.floor(Date.now() / 1000) + 3_600
    const subjects = Array.from({ length: count }, (_, index): [string, RevocationEntry] => [
      `jti:${version}-${index}`,
      { before: until, until }
    ])
    const key = { privateKey: await keyFor('root'), network: network.network }
    const entries = new Map(subjects)
    return signRevocationDelta(key, { version, since: version - 1, ended: 0, entries, issuedAt: Date.now() })
  }

  it('brings the list of an issuing key from peer to peer, and who it revokes is out', async () => {
    const third = await startMember(network, { block: { resource: 'third' } })
    await third.dial(right)
    await left.credential.revocations.offer(await issuing.revoke(third.peerId))
    await until(() => versionOf(right, issuer) === 1 && !knows(right, third), 'it is out')
  })

  it('tells who connects later, whoever dials, and whoever holds it', async () => {
    await left.credential.revocations.offer(await issuing.revoke('uid:nobody'))
    await until(() => versionOf(right, issuer) === 1)
    const dialling = await startMember(network, { block: { resource: 'dialling' } })
    await dialling.dial(right)
    const dialled = await startMember(network, { block: { resource: 'dialled' } })
    await left.dial(dialled)
    await until(() => versionOf(dialling, issuer) === 1 && versionOf(dialled, issuer) === 1)
  })

  it('brings what was added to who holds what is before, and all to who comes without', async () => {
    const texts = [
      await added(1, 10),
      await added(2, 2_000),
      await added(3, 2_000),
      await added(4, 2_000),
      await added(5, 1)
    ]
    for (const text of texts) {
      await left.credential.revocations.offer(text)
    }
    await until(() => versionOf(right) === 5, 'each part')
    const newcomer = await startMember(network, { block: { resource: 'new' } })
    await newcomer.dial(right)
    await until(() => versionOf(newcomer) === 5, 'the whole, in several answers')
    assert.deepEqual(newcomer.credential.revocations.tokens, texts)
    assert.equal(newcomer.credential.revocations.isRevoked({ id: '4-1999', issuedAt: Date.now() }), true)
  })

  it('asks for what it lacks when it could not take what it was handed', async () => {
    await left.credential.revocations.offer(await added(1, 1))
    await until(() => versionOf(right) === 1)
    const { revocations } = right.credential
    right.parts.system.serve('$revocations', () => ({ version: revocations.version, held: revocations.versions }))
    await left.credential.revocations.offer(await added(2, 1))
    await until(() => versionOf(right) === 2, 'it asked')
  })

  it('brings root sets from peer to peer, and who is of an old root is out', async () => {
    const third = await startMember(network, { block: { resource: 'third' } })
    await third.dial(right)
    const { set, authority } = await rotateRoot(network.authority)
    await left.credential.verifier.trust.offer(set)
    await until(() => third.credential.verifier.trust.version === 1)
    const { set: last } = await retireRoots(authority)
    await third.credential.verifier.trust.offer(last)
    // Their certificates are of the old root.
    await until(() => !knows(third, right) && !third.parts.isConnected(right.peerId), 'it is out')
  })

  it('leaves members of the earlier version alone that know no such thing', async () => {
    right.parts.system.serve('$revoked', () => {
      throw new NexusError('NO_HANDLER', 'no such command')
    })
    right.parts.system.serve('$revocations', (body) => {
      // As they read the list of an issuing key, and what is added to one.
      throw new NexusError('REFUSED', JSON.stringify(body), { reason: 'WRONG_ROOT' })
    })
    await left.credential.revocations.offer(await issuing.revoke('uid:nobody'))
    await left.credential.revocations.offer(await added(1, 1))
    await left.parts.system.call(right.peerId, '$leases', { app: 'etest' }, options)
    assert.equal(left.parts.isConnected(right.peerId), true)
  })

  it('refuses what is no question', async () => {
    const ask = (held: unknown) => left.parts.system.call(right.peerId, '$revoked', { held } as never, options)
    await assertCode('INVALID', () => ask(undefined))
    await assertCode('INVALID', () => ask({ '': 'x' }))
    await assertCode('INVALID', () => ask({ '': -1 }))
    await assertCode('INVALID', () => ask(Object.fromEntries(Array.from({ length: 65 }, (_, index) => [index, 1]))))
    assert.deepEqual(await ask({}), { held: {}, lists: [], roots: 0, rootSets: [] })
  })
})
