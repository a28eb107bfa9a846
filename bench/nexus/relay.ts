import { createRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'
import type { Authority, Credential } from '../../src/index.ts'
import { credentialOf } from './credentials.ts'

/** Of one machine, whose blocks start all at once. */
const CONNECTIONS_PER_SECOND = 10_000

export async function startRelay(authority: Authority, options: Partial<RelayOptions> = {}): Promise<Relay> {
  return runRelay(await relayCredential(authority), options)
}

export function relayCredential(authority: Authority): Promise<Credential> {
  return credentialOf(authority, { app: 'relay', uid: 'rita', role: 'owner', block: 'relay' })
}

export function runRelay(credential: Credential, options: Partial<RelayOptions> = {}): Promise<Relay> {
  return createRelay({
    ...options,
    credential,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    connectionsPerSecondPerHost: CONNECTIONS_PER_SECOND
  })
}
