/** Blocks that are connected to the first of them, or that a relay alone connects. */
import { type Authority, createNexus } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { relayCredential, startRelay } from '../nexus/relay.ts'
import { startRelayProgram } from '../nexus/relay-program.ts'
import { freePort } from '../peers/free-port.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export function nexusChannel(relayed: boolean): ChannelKind {
  return {
    async hub(members) {
      const authority = await createAuthority()
      const relay = relayed ? await startRelay(authority) : undefined
      return network(authority, relay?.addresses ?? [`/ip4/127.0.0.1/tcp/${await freePort()}`], members)
    },

    ...(relayed && {
      async program(members: number) {
        const authority = await createAuthority()
        return network(authority, await startRelayProgram(await relayCredential(authority)), members)
      }
    }),

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

/** What members find each other by. */
async function network(authority: Authority, bootstrap: readonly string[], members: number): Promise<string> {
  // A user of its own for each, as limits are a user's.
  const credentials = Array.from({ length: members }, (_, index) =>
    credentialOf(authority, { app: 'bench', uid: `anna${index}`, role: 'owner', block: 'device' })
  )
  return JSON.stringify({ bootstrap, credentials: await Promise.all(credentials) })
}
