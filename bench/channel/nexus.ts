/** Blocks that are connected to the first of them, or that a relay alone connects. */
import { createNexus } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { startRelay } from '../nexus/relay.ts'
import { freePort } from '../peers/free-port.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export function nexusChannel(relayed: boolean): ChannelKind {
  return {
    async hub(members) {
      const authority = await createAuthority()
      const relay = relayed ? await startRelay(authority) : undefined
      // A user of its own for each, as limits are a user's.
      const credentials = Array.from({ length: members }, (_, index) =>
        credentialOf(authority, { app: 'bench', uid: `anna${index}`, role: 'owner', block: 'device' })
      )
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
