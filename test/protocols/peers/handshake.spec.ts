import assert from 'node:assert/strict'
import type { MessageStream } from '@libp2p/interface'
import { byteStream, lpStream, streamPair } from '@libp2p/utils'
import { concat } from 'uint8arrays/concat'
import { MAX_CERTIFICATE_BYTES, MAX_HANDSHAKE_BYTES, MAX_UNVERIFIED_BYTES } from '../../../src/constants.ts'
import { type IdentityFailure, NexusError } from '../../../src/errors.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { parseKey, peerIdOf } from '../../../src/identity/keys.ts'
import { Hello, Verdict } from '../../../src/protocols/pb/handshake.ts'
import { type HandshakeResult, shakeHands } from '../../../src/protocols/peers/handshake.ts'
import { assertCode } from '../../support/calls.ts'
import { reforge, tamper } from '../../support/forge.ts'
import { ALICE_UID, alice, bob, frozenClock, mallory, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const HOUR_MS = 60 * 60_000
const clock = frozenClock()
const network = await testNetwork({ clock })
const verifier = network.verifier()
const good = await network.certificateFor({ privateKey: alice, resource: 'alice' })
const proof = { certificate: good, revocationVersion: 3 }
const acceptAll = async (): Promise<Certificate> => ({ peerId: 'whoever' }) as Certificate

/** Shakes hands as the gate does: a side that has failed closes the stream. */
async function shake(
  stream: MessageStream,
  init: Partial<Parameters<typeof shakeHands>[1]> = {}
): Promise<HandshakeResult> {
  try {
    return await shakeHands(stream, { ...proof, clock, verify: acceptAll, ...init })
  } catch (error) {
    stream.abort(error as Error)
    throw error
  }
}

/** A message behind its length, which is a varint of two bytes at most. */
function framed(message: Uint8Array): Uint8Array {
  const size = message.byteLength
  return Uint8Array.from(size < 0x80 ? [size, ...message] : [(size & 0x7f) | 0x80, size >> 7, ...message])
}

/** A certificate for `etest`, of an issuing key that may sign for another app alone. */
async function beyondIssuer(certificate: string): Promise<string> {
  const service = await network.authority.createIssuer({ apps: ['other'] })
  return reforge(certificate, parseKey(service.toJSON().key), { claims: { issuer: service.issuer?.token } })
}

/** Certificates that alice's side refuses when bob shows them. */
async function bad(): Promise<Record<Exclude<IdentityFailure, 'REVOKED' | 'IN_USE'>, string>> {
  const certificate = await network.certificateFor({ privateKey: bob, validForMs: 1_000 })
  const root = network.authority.toJSON()
  const rootKey = parseKey(root.key)
  const elsewhere = await testNetwork({ network: 'elsewhere.example', clock })
  const impostor = await testNetwork({ root: 'another root', clock })
  const later = await testNetwork({ clock: frozenClock(clock() + 2 * HOUR_MS) })
  return {
    NO_CERTIFICATE: '',
    TOO_LARGE: 'x'.repeat(MAX_CERTIFICATE_BYTES + 1),
    BAD_HEADER: 'no.certificate.at-all',
    BAD_CLAIM: await reforge(certificate, rootKey, { claims: { role: 'king' } }),
    BAD_SIGNATURE: tamper(certificate, { uid: ALICE_UID, app: 'other' }),
    WRONG_NETWORK: await elsewhere.certificateFor({ privateKey: bob }),
    WRONG_ROOT: await impostor.certificateFor({ privateKey: bob }),
    WRONG_ISSUER: await beyondIssuer(certificate),
    WRONG_KEY: await network.certificateFor({ privateKey: mallory }),
    EXPIRED: await (await testNetwork({ clock: frozenClock(clock() - HOUR_MS) })).certificateFor({
      privateKey: bob,
      validForMs: 1_000
    }),
    NOT_YET_VALID: await later.certificateFor({ privateKey: bob })
  }
}

const failureOf = async (promise: Promise<unknown>): Promise<NexusError> => {
  const error = await promise.then(
    () => assert.fail('it was accepted'),
    (error: unknown) => error
  )
  assert.ok(error instanceof NexusError, String(error))
  return error
}

describe('handshake', () => {
  it('gives each side what the other has proven', async () => {
    const [left, right] = await streamPair()
    const theirs = await network.certificateFor({ privateKey: bob, resource: 'bob' })
    const [ofBob, ofAlice] = await Promise.all([
      shake(left, { verify: (token) => verifier.verify(token, peerIdOf(bob)) }),
      shake(right, {
        certificate: theirs,
        revocationVersion: 9,
        verify: (token) => verifier.verify(token, peerIdOf(alice))
      })
    ])
    assert.deepEqual([ofBob.certificate.resource, ofBob.revocationVersion], ['bob', 9])
    assert.deepEqual([ofAlice.certificate.resource, ofAlice.revocationVersion], ['alice', 3])
  })

  it('tells each side how far the clock of the other is ahead, less half of the time that it took', async () => {
    const [left, right] = await streamPair()
    const [ofLate, ofEarly] = await Promise.all([shake(left), shake(right, { clock: () => clock() - 600_000 })])
    assert.ok(Math.abs((ofLate.clockAheadMs ?? 0) + 600_000) < 1_000, `${ofLate.clockAheadMs}`)
    assert.ok(Math.abs((ofEarly.clockAheadMs ?? 0) - 600_000) < 1_000, `${ofEarly.clockAheadMs}`)

    const [slow, other] = await streamPair()
    const shaking = shake(slow)
    await new Promise((resolve) => setTimeout(resolve, 200))
    other.send(framed(Hello.encode({ certificate: good, time: clock() })))
    other.send(framed(Verdict.encode({ refused: '' })))
    const { clockAheadMs = 0 } = await shaking
    assert.ok(clockAheadMs >= 95 && clockAheadMs < 1_000, `${clockAheadMs}`)
  })

  it('does not know the clock of a side that does not tell it', async () => {
    const [left, right] = await streamPair()
    right.send(concat([framed(Hello.encode({ certificate: good })), framed(Verdict.encode({ refused: '' }))]))
    assert.equal((await shake(left)).clockAheadMs, undefined)
  })

  it('leaves the stream right behind its last byte', async () => {
    const [left, right] = await streamPair()
    const hello = Hello.encode({ certificate: good })
    const verdict = Verdict.encode({ refused: '' })
    // The first bytes of the muxer arrive together with the verdict.
    right.send(concat([framed(hello), framed(verdict), Uint8Array.from([1, 2, 3])]))
    await shake(left)
    const signal = AbortSignal.timeout(5_000)
    assert.deepEqual((await byteStream(left).read({ bytes: 3, signal })).subarray(), Uint8Array.from([1, 2, 3]))
  })

  describe('refuses, and both sides learn why', () => {
    const check = async (reason: IdentityFailure, certificate: string): Promise<void> => {
      const [left, right] = await streamPair()
      const [refusing, refused] = await Promise.all([
        failureOf(shake(left, { verify: (token) => verifier.verify(token, peerIdOf(bob)) })),
        failureOf(shake(right, { certificate }))
      ])
      assert.deepEqual([refusing.code, refusing.reason], ['REFUSED', reason])
      assert.match(refusing.message, /^the peer was refused/)
      assert.deepEqual([refused.code, refused.reason], ['REFUSED', reason])
      assert.match(refused.message, /^the peer refused this block's certificate/)
    }

    for (const reason of [
      'NO_CERTIFICATE',
      'TOO_LARGE',
      'BAD_HEADER',
      'BAD_CLAIM',
      'BAD_SIGNATURE',
      'WRONG_NETWORK',
      'WRONG_ROOT',
      'WRONG_KEY',
      'EXPIRED',
      'NOT_YET_VALID'
    ] as const) {
      it(reason, async () => check(reason, (await bad())[reason]))
    }

    it('REVOKED', async () => {
      const certificate = await network.certificateFor({ privateKey: bob })
      await verifier.revocations.offer(await network.authority.revoke(peerIdOf(bob)))
      await check('REVOKED', certificate)
    })
  })

  it('refuses on both sides at once, without waiting for each other', async () => {
    const [left, right] = await streamPair()
    const began = performance.now()
    const [one, other] = await Promise.all([
      failureOf(shake(left, { verify: (token) => verifier.verify(token, peerIdOf(mallory)) })),
      failureOf(shake(right, { certificate: '', verify: (token) => verifier.verify(token, peerIdOf(mallory)) }))
    ])
    assert.deepEqual([one.reason, other.reason], ['NO_CERTIFICATE', 'WRONG_KEY'])
    assert.ok(performance.now() - began < 900)
  })

  it('tells no more than the reason to the refused side', async () => {
    const [left, right] = await streamPair()
    const verify = async (): Promise<never> => {
      throw new Error('the path of a secret file')
    }
    const [, refused] = await Promise.all([failureOf(shake(left, { verify })), failureOf(shake(right))])
    assert.equal(refused.reason, 'BAD_CLAIM')
    assert.doesNotMatch(refused.message, /secret/)
  })

  it('reads a reason of a later version as a bad claim', async () => {
    const [left, right] = await streamPair()
    const failed = failureOf(shake(left))
    const peer = lpStream(right)
    await peer.write(Hello.encode({ certificate: good }))
    await peer.write(Verdict.encode({ refused: 'OUT_OF_FASHION' }))
    assert.equal((await failed).reason, 'BAD_CLAIM')
  })

  it('keeps the connection until the refused side has read why', async () => {
    const [left, right] = await streamPair()
    const verify = (token: string): Promise<Certificate> => verifier.verify(token, peerIdOf(mallory))
    let refusingEnded = false
    const refusing = failureOf(shake(left, { verify })).finally(() => {
      refusingEnded = true
    })
    const peer = lpStream(right)
    await peer.write(Hello.encode({ certificate: good }))
    await peer.read()
    const verdict = Verdict.decode(await peer.read())
    assert.equal(verdict.refused, 'WRONG_KEY')
    assert.equal(refusingEnded, false)
    right.abort(new Error('read'))
    assert.equal((await refusing).reason, 'WRONG_KEY')
  })

  it('does not wait for the verdict of a side that it refuses, nor for long until it goes', async () => {
    const [left, right] = await streamPair()
    const verify = (token: string): Promise<Certificate> => verifier.verify(token, peerIdOf(mallory))
    const began = performance.now()
    const refusing = failureOf(shake(left, { verify }))
    await lpStream(right).write(Hello.encode({ certificate: good }))
    assert.equal((await refusing).reason, 'WRONG_KEY')
    assert.ok(performance.now() - began < 3_000)
  })

  describe('takes trouble of the network for no refusal', () => {
    it('a silent peer, when its time is over', async () => {
      const [left] = await streamPair()
      await assertCode('UNREACHABLE', () => shake(left, { signal: AbortSignal.timeout(20) }))
    })

    it('a peer that shows its certificate and never its verdict', async () => {
      const [left, right] = await streamPair()
      await lpStream(right).write(Hello.encode({ certificate: good }))
      await assertCode('UNREACHABLE', () => shake(left, { signal: AbortSignal.timeout(20) }))
    })

    it('a connection that is cut before the certificate has come, and says so', async () => {
      const [left, right] = await streamPair()
      const failed = assertCode('UNREACHABLE', () => shake(left))
      right.abort(new Error('gone'))
      assert.match((await failed).message, /^the exchange of certificates broke off: .+/)
    })

    it('a connection that is cut in the middle of the certificate', async () => {
      const [left, right] = await streamPair()
      const failed = assertCode('UNREACHABLE', () => shake(left))
      right.send(framed(Hello.encode(proof)).subarray(0, 100))
      await right.close()
      await failed
    })

    it('a connection that is cut between the certificate and the verdict', async () => {
      const [left, right] = await streamPair()
      const failed = assertCode('UNREACHABLE', () => shake(left))
      right.send(framed(Hello.encode(proof)))
      await right.close()
      await failed
    })
  })

  it('refuses a message over its limit by the length it claims, before it arrives', async () => {
    const [left, right] = await streamPair()
    const size = MAX_HANDSHAKE_BYTES + 1
    right.send(Uint8Array.from([(size & 0x7f) | 0x80, size >> 7]))
    const { reason, cause } = await failureOf(shake(left))
    assert.deepEqual([reason, (cause as Error).name], ['NO_CERTIFICATE', 'InvalidDataLengthError'])
  })

  it('keeps no more than its limit of what comes while the certificate is being checked', async () => {
    const [left, right] = await streamPair()
    const verify = async (): Promise<Certificate> => {
      await until(() => left.status === 'aborted')
      return acceptAll()
    }
    const failed = assertCode('UNREACHABLE', () => shake(left, { verify }))
    right.send(framed(Hello.encode(proof)))
    right.send(new Uint8Array(MAX_UNVERIFIED_BYTES + 1))
    await failed
  })

  it('refuses what is no message', async () => {
    const [left, right] = await streamPair()
    await lpStream(right).write(Uint8Array.from([0xff, 0xff, 0xff, 0xff]))
    const { reason, cause } = await failureOf(shake(left))
    assert.equal(reason, 'NO_CERTIFICATE')
    assert.doesNotMatch((cause as Error).name, /Timeout|Abort/)
  })
})
