import { createRelay, type Relay } from '../../relay/relay.ts'
import type { Authority } from '../../src/index.ts'
import { credentialOf } from './credentials.ts'

/** Of one machine, whose blocks start all at once. */
const CONNECTIONS_PER_SECOND = 10_000

export async function startRelay(authority: Authority): Promise<Relay> {
  return createRelay({
    credential: await credentialOf(authority, { app: 'relay', uid: 'rita', role: 'owner', block: 'relay' }),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND
  })
}
