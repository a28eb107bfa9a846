import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { RPC } from '@libp2p/gossipsub/message'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { type Certificate, readCertificate } from '../../../../src/identity/certificate.ts'
import { generateKey } from '../../../../src/identity/keys.ts'
import { signLease } from '../../../../src/identity/lease.ts'
import { leaseTopic } from '../../../../src/protocols/gossip/topic-names.ts'
import { GossipEnvelope } from '../../../../src/protocols/pb/gossip.ts'
import type { Ed25519PrivateKey } from '../../../../src/types.ts'
import type { Attack } from '../attack.ts'
import { network, rogue } from '../rogue.ts'

const WORKERS = 40
const RENEW_MS = 5_000
const SIGNED_PREFIX = fromString('libp2p-pubsub:')

interface Worker {
  privateKey: Ed25519PrivateKey
  token: string
  certificate: Certificate
}

/** Workers of other users, of whom there is nothing but leases: their address takes connections and never answers. */
export const deadWorkers: Attack = {
  what: '40 workers of other users that nobody can reach',
  direct: true,
  async begin({ relay }) {
    const hole = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(hole, 'listening')
    const address = `/ip4/127.0.0.1/tcp/${(hole.address() as AddressInfo).port}`
    const workers = await Promise.all(Array.from({ length: WORKERS }, (_, index) => workerOf(`dead${index}`)))
    const gossip = await (await rogue(relay)).gossip()
    const topic = leaseTopic(network.network, 'etest')
    await gossip.send({ subscriptions: [{ subscribe: true, topic }] })
    let leases = 0
    const renew = async (): Promise<void> => {
      for (;;) {
        for (const worker of workers) {
          await gossip.send({ messages: [await leaseOf(worker, address, topic, leases++)] })
          // Each has a time of its own, as workers that started at different times have.
          await new Promise((resolve) => setTimeout(resolve, RENEW_MS / WORKERS))
        }
      }
    }
    void renew()
    return () => `${WORKERS} workers, ${leases} leases`
  }
}

async function workerOf(uid: string): Promise<Worker> {
  const privateKey = await generateKey()
  const token = await network.certificateFor({ privateKey, uid, role: 'user', block: 'worker', resource: uid })
  const trust = { network: network.network, roots: new Set(network.roots) }
  return { privateKey, token, certificate: await readCertificate(token, trust) }
}

async function leaseOf(worker: Worker, address: string, topic: string, version: number): Promise<RPC.Message> {
  const { privateKey, token, certificate } = worker
  const issuedAt = Date.now()
  const lease = { event: 'renew', version: issuedAt + version, addresses: [address], load: 0, issuedAt } as const
  const payload = fromString(await signLease({ privateKey, certificate }, lease))
  const message = {
    from: privateKey.publicKey.toMultihash().bytes,
    data: GossipEnvelope.encode({ certificate: token, payload, time: issuedAt }),
    seqno: sequence(BigInt(issuedAt) * 1_000n + BigInt(version)),
    topic
  }
  const signature = await privateKey.sign(concat([SIGNED_PREFIX, RPC.Message.encode(message)]))
  return { ...message, signature, key: publicKeyToProtobuf(privateKey.publicKey) }
}

function sequence(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
