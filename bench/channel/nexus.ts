/** Blocks that are connected to the first of them, or that a relay alone connects. */
import { createRelay } from '../../relay/relay.ts'
import { Authority } from '../../src/identity/authority.ts'
import { createCredential } from '../../src/identity/credential.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { createNexus } from '../../src/node/create.ts'
import type { BlockKind } from '../../src/types.ts'
import { freePort } from '../peers/free-port.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

const NETWORK = 'bench.example'

export function nexusChannel(relayed: boolean): ChannelKind {
  return {
    async hub(members) {
      const authority = await Authority.create({ network: NETWORK })
      const relay = relayed
        ? await createRelay({
            credential: await credentialOf(authority, 'relay', 0),
            listen: ['/ip4/127.0.0.1/tcp/0'],
            connectionsPerSecondPerHost: 10_000
          })
        : undefined
      const credentials = Array.from({ length: members }, (_, index) => credentialOf(authority, 'device', index))
      const first = `/ip4/127.0.0.1/tcp/${await freePort()}`
      return JSON.stringify({ bootstrap: relay?.addresses ?? [first], credentials: await Promise.all(credentials) })
    },

    async join(address, index) {
      const { bootstrap, credentials } = JSON.parse(address)
      const isFirst = index === 0 && !relayed
      const nexus = await createNexus({
        credential: credentials[index],
        bootstrap: isFirst ? [] : bootstrap,
        listen: isFirst ? bootstrap : []
      })
      return {
        subscribe: async (onBody) =>
          void (await nexus.subscribe<Body>(CHANNEL, ({ body, itsMe }) => (itsMe ? undefined : onBody(body)))),
        publish: async (body) => void (await nexus.publish(CHANNEL, { ...body }))
      }
    }
  }
}

/** A user of its own for each, as limits are a user's. */
async function credentialOf(authority: Authority, block: BlockKind, index: number) {
  const key = await generateKey()
  const subject = { app: block === 'relay' ? 'relay' : 'bench', uid: `anna${index}`, role: 'owner' } as const
  const resource = `r${index}`
  const certificate = await authority.issueCertificate({ ...subject, resource, peerId: peerIdOf(key), block })
  return createCredential({ network: authority.network, key, certificate, roots: [authority.rootId] })
}
