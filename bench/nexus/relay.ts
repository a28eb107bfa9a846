import { createRelay, type Relay } from '../../relay/relay.ts'
import type { Authority, Credential } from '../../src/index.ts'
import { credentialOf } from './credentials.ts'

/** Of one machine, whose blocks start all at once. */
const CONNECTIONS_PER_SECOND = 10_000

export async function startRelay(authority: Authority): Promise<Relay> {
  return runRelay(await relayCredential(authority))
}

export function relayCredential(authority: Authority): Promise<Credential> {
  return credentialOf(authority, { app: 'relay', uid: 'rita', role: 'owner', block: 'relay' })
}

export function runRelay(credential: Credential): Promise<Relay> {
  return createRelay({
    credential,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND
  })
}
