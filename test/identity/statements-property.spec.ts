import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NexusError } from '../../src/errors.ts'
import { issueGrant, peekGrant, verifyGrant } from '../../src/identity/grant.ts'
import { formatJid } from '../../src/identity/jid.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from '../../src/identity/jws.ts'
import { parseKey, peerIdOf } from '../../src/identity/keys.ts'
import { type LeaseEvent, signLease, verifyLease } from '../../src/identity/lease.ts'
import { refused } from '../../src/identity/refused.ts'
import { signRevocationList, uidSubject } from '../../src/identity/revocation.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { forge, takeApart } from '../support/forge.ts'
import { ALICE_UID, alice, bob, frozenClock, mallory, testNetwork } from '../support/identities.ts'

const RUNS = { numRuns: 40 }
const KIND: JwsKind = { noun: 'note', typ: 'test-note+jwt', maxBytes: 64 * 1024 }
const clock = frozenClock()
const network = await testNetwork({ clock })
const rootKey = parseKey(network.authority.toJSON().key)
const verifier = network.verifier()
const token = await network.certificateFor({ privateKey: alice })
const certificate = await verifier.verify(token)
const grant = await network.authority.issueGrant({ uid: ALICE_UID, app: 'shop' })
const leaseTerms = { event: 'join' as LeaseEvent, version: 1, addresses: ['/ip4/10.0.0.1/tcp/1'], load: 0 }
const revoked = new Map([[peerIdOf(mallory), 1_000]])

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,62}$/)
const uid = fc.stringMatching(/^[A-Za-z0-9]{1,64}$/)
const resource = fc.stringMatching(/^[A-Za-z0-9._]{1,64}$/)
const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const role = fc.constantFrom('owner' as const, 'partner' as const, 'user' as const)
const block = fc.constantFrom('worker' as const, 'adminpanel' as const, 'xwebsite' as const, 'relay' as const)
const validForMs = fc.integer({ min: 1, max: 10 ** 11 })
const holder = fc.constantFrom(alice, bob, mallory)

/** A kind of statement: one that holds, who signs it, and who reads it. */
interface Statement {
  token: string
  key: typeof alice
  read: (token: string) => unknown
}

const statements: Record<string, Statement> = {
  'a note': { token: await signJws(KIND, alice, { a: 1 }), key: alice, read: readNote },
  'a certificate': { token, key: rootKey, read: (text) => network.verifier().verify(text) },
  'a grant': {
    token: grant,
    key: rootKey,
    read: (text) => verifyGrant({ token: text }, { holderUid: ALICE_UID, app: 'shop', verifier })
  },
  'a grant that is peeked at': { token: grant, key: rootKey, read: peekGrant },
  'a revocation list': {
    token: await signRevocationList({ ...network, privateKey: rootKey }, { version: 1, revoked, issuedAt: clock() }),
    key: rootKey,
    read: (text) => new RevocationList(network).offer(text)
  },
  'a lease': {
    token: await signLease({ privateKey: alice, certificate }, { ...leaseTerms, issuedAt: clock() }),
    key: alice,
    read: (text) => verifyLease(text, certificate, clock())
  }
}

// As every reader does, it looks whether this key may sign at all.
async function readNote(text: string): Promise<void> {
  const jws = decodeJws(KIND, text)

  if (jws.kid !== peerIdOf(alice)) {
    throw refused('WRONG_KEY', 'not signed by alice')
  }
  await verifyJws(jws)
}

/** Taken, or refused: nothing else. Gives whether it was taken. */
async function isTaken(read: () => unknown): Promise<boolean> {
  try {
    await read()
    return true
  } catch (error) {
    assert.ok(error instanceof NexusError, String(error))
    assert.equal(error.code, 'REFUSED', error.message)
    assert.ok(error.reason, 'it says which check failed')
    return false
  }
}

describe('signed statements, of any content', () => {
  it('gives the claims of a JWS as JSON brings them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), holder, async (claims, key) => {
        const jws = decodeJws(KIND, await signJws(KIND, key, claims))
        await verifyJws(jws)
        assert.equal(jws.kid, peerIdOf(key))
        assert.deepEqual(jws.claims, JSON.parse(JSON.stringify(claims)))
      }),
      RUNS
    )
  })

  it('gives what a certificate was made for', async () => {
    const subjects = fc.record({ app: name, uid, role, block, resource, key: holder, validForMs })
    await fc.assert(
      fc.asyncProperty(subjects, async ({ key, validForMs: forMs, ...subject }) => {
        const peerId = peerIdOf(key)
        const made = await network.authority.issueCertificate({ ...subject, peerId, validForMs: forMs })
        const {
          id,
          rootId,
          token: kept,
          issuedAt,
          notBefore,
          expiresAt,
          ...identity
        } = await verifier.verify(made, peerId)
        const jid = formatJid({ ...subject, network: network.network })
        assert.deepEqual(identity, { ...subject, network: network.network, jid, peerId })
        assert.deepEqual([rootId, kept, issuedAt], [network.roots[0], made, clock()])
        assert.equal(expiresAt - issuedAt, Math.ceil(forMs / 1000) * 1000)
        assert.ok(id !== '' && notBefore < issuedAt)
      }),
      RUNS
    )
  })

  it('gives what a grant was made for', async () => {
    await fc.assert(
      fc.asyncProperty(
        uid,
        name,
        validForMs,
        fc.string({ minLength: 1, maxLength: 128 }),
        async (user, app, forMs, id) => {
          const terms = { holder: user, app, validForMs: forMs, issuedAt: clock(), id }
          const made = await issueGrant({ ...network, privateKey: rootKey }, terms)
          const read = await verifyGrant({ token: made }, { holderUid: user, app, verifier })
          const expiresAt = clock() + Math.ceil(forMs / 1000) * 1000
          assert.deepEqual([read.holder, read.app, read.id, read.expiresAt], [user, app, id, expiresAt])
          assert.deepEqual(peekGrant(made), { holder: user, app, id, issuedAt: clock(), expiresAt })
        }
      ),
      RUNS
    )
  })

  it('gives what a revocation list names, to the second', async () => {
    const lists = fc.uniqueArray(fc.tuple(uid, fc.integer({ min: 1, max: 10 ** 10 })), { selector: ([user]) => user })
    await fc.assert(
      fc.asyncProperty(lists, version, async (list, number) => {
        const subjects = new Map(list.map(([user, second]) => [uidSubject(user), second]))
        const terms = { version: number, revoked: subjects, issuedAt: clock() }
        const read = new RevocationList(network)
        assert.equal(await read.offer(await signRevocationList({ ...network, privateKey: rootKey }, terms)), true)
        assert.equal(read.version, number)

        for (const [user, second] of list) {
          assert.equal(read.isRevoked({ uid: user, issuedAt: second * 1000 - 1 }), true)
          assert.equal(read.isRevoked({ uid: user, issuedAt: second * 1000 }), false)
        }
      }),
      RUNS
    )
  })

  it('gives what a lease says', async () => {
    const leases = fc.record({
      event: fc.constantFrom<LeaseEvent[]>('join', 'renew', 'leave'),
      version,
      addresses: fc.array(fc.string(), { maxLength: 32 }),
      load: fc.nat()
    })
    await fc.assert(
      fc.asyncProperty(leases, async (lease) => {
        const made = await signLease({ privateKey: alice, certificate }, { ...lease, issuedAt: clock() })
        assert.deepEqual(await verifyLease(made, certificate, clock()), { ...lease, token: made })
      }),
      RUNS
    )
  })

  for (const [what, statement] of Object.entries(statements)) {
    hostile(what, statement)
    wellSigned(what, statement)
  }
})

function hostile(what: string, { token: good, read }: Statement): void {
  it(`takes ${what} that holds`, async () => assert.equal(await isTaken(() => read(good)), true))

  it(`refuses any text for ${what}`, async () => {
    const part = fc.oneof(fc.string(), fc.base64String(), fc.json())
    const encoded = part.map((text) => Buffer.from(text).toString('base64url'))
    const parts = fc.array(fc.oneof(part, encoded), { maxLength: 4 }).map((list) => list.join('.'))
    const texts = fc.oneof(fc.string(), parts, fc.jsonValue() as fc.Arbitrary<never>)
    await fc.assert(
      fc.asyncProperty(texts, async (text) => assert.equal(await isTaken(() => read(text)), false)),
      RUNS
    )
  })

  if (read !== peekGrant) {
    it(`refuses ${what} with any one character changed`, async () => {
      // Its signature covers all but the last character, some bits of which stand for nothing.
      await fc.assert(
        fc.asyncProperty(fc.nat(good.length - 2), fc.string({ maxLength: 2 }), async (at, text) => {
          const changed = good.slice(0, at) + text + good.slice(at + 1)
          fc.pre(changed !== good)
          assert.equal(await isTaken(() => read(changed)), false)
        }),
        RUNS
      )
    })
  }
}

function wellSigned(what: string, { token: good, key, read }: Statement): void {
  const { header, claims } = takeApart(good)

  it(`takes or refuses ${what}, well signed, with any value in any claim and any header`, async () => {
    const change = (names: string[]) =>
      fc.dictionary(
        fc.oneof(fc.constantFrom(...names), fc.string()),
        fc.oneof(fc.jsonValue(), fc.constant(undefined)),
        {
          maxKeys: 2
        }
      )
    await fc.assert(
      fc.asyncProperty(change(Object.keys(header)), change(Object.keys(claims)), async (ofHeader, ofClaims) => {
        const forged = await forge({ ...header, ...ofHeader }, { ...claims, ...ofClaims }, key)
        await isTaken(() => read(forged))
      }),
      RUNS
    )
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (payload) => {
        const forged = await forge(header, JSON.stringify(payload), key)
        await isTaken(() => read(forged))
      }),
      RUNS
    )
  })
}
