import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { lpStream, streamPair } from '@libp2p/utils'
import { type HandshakeVectors, handshakeVectorText } from '../../../scripts/vectors-handshake.ts'
import { NexusError } from '../../../src/errors.ts'
import { RevocationList } from '../../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../../src/identity/verifier.ts'
import { Hello, Verdict } from '../../../src/protocols/pb/handshake.ts'
import { type HandshakeResult, shakeHands } from '../../../src/protocols/peers/handshake.ts'

const text = await readFile(new URL('../../vectors/handshake.json', import.meta.url), 'utf8')
const vectors: HandshakeVectors = JSON.parse(text)
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const ACCEPTED = new Uint8Array()

/** A side that reads these messages, and what it answers behind its own `Hello`. */
async function shake(
  hello: string,
  verdict: Uint8Array
): Promise<{ result: HandshakeResult | NexusError; said: string[] }> {
  const { network, root, now, peerId } = vectors
  const trust = { network, roots: [root] }
  const verifier = new CertificateVerifier({ ...trust, clock: () => now, revocations: new RevocationList(trust) })
  const [here, there] = await streamPair()
  const peer = lpStream(there)
  const verify = (token: string) => verifier.verify(token, peerId)
  const shaking = shakeHands(here, { certificate: 'c', revocationVersion: 0, clock: () => now, verify }).catch(
    (error: unknown) => {
      here.abort(error as Error)
      return error as NexusError
    }
  )
  const signal = AbortSignal.timeout(5_000)
  assert.equal(Hello.decode(await peer.read({ signal })).certificate, 'c')
  await peer.write(bytes(hello), { signal })
  await peer.write(verdict, { signal })
  const said = await peer.read({ signal }).then(
    (message) => [Verdict.decode(message).refused],
    () => []
  )
  there.close().catch(() => undefined)
  return { result: await shaking, said }
}

describe('handshake vectors', () => {
  const good = vectors.hellos[0]!.wire

  it('are what the generator writes', () => {
    assert.equal(text, handshakeVectorText(), 'run scripts/vectors-handshake.ts')
  })

  for (const { name, wire, fields, refused } of vectors.hellos) {
    it(`hello: ${name}`, async () => {
      const { result, said } = await shake(wire, ACCEPTED)
      assert.deepEqual(said, [refused ?? ''])

      if (refused !== undefined) {
        assert.ok(result instanceof NexusError, 'it is refused')
        assert.deepEqual([result.code, result.reason], ['REFUSED', refused])
        return
      }

      assert.ok(!(result instanceof NexusError), String(result))
      const { certificate, asksAboutTopics: _asks, ...read } = Hello.decode(bytes(wire))
      const { revocationVersion } = read
      assert.deepEqual(read, fields)
      assert.equal(result.revocationVersion, revocationVersion)
      assert.equal(result.certificate.token, certificate)
    })
  }

  for (const { why, wire } of vectors.badHellos) {
    it(`bad hello: ${why}`, async () => {
      const { result, said } = await shake(wire, ACCEPTED)
      assert.ok(result instanceof NexusError, 'it is refused')
      assert.deepEqual([result.code, result.reason, said], ['REFUSED', 'NO_CERTIFICATE', []])
    })
  }

  for (const { name, wire, code, reason } of vectors.verdicts) {
    it(`verdict: ${name}`, async () => {
      const { result } = await shake(good, bytes(wire))
      const failure = result instanceof NexusError ? result : undefined
      assert.deepEqual([failure?.code, failure?.reason], [code, reason])
    })
  }
})
