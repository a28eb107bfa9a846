import { nodePlatform } from '../src/node/runtime/node.ts'
import { assembleRelay } from './assemble.ts'
import { type RelayOptions, resolveRelayOptions } from './options.ts'
import type { Relay } from './types.ts'

export type { RelayEvent, RelayOptions } from './options.ts'
export type { Relay, RelayStatus } from './types.ts'

/**
 * Starts a relay: bootstrap peer, DHT server, circuit relay v2 for verified members, forwarder of the topics of its
 * clients, on TCP and WebSocket. Resolves when it listens; to the relays of `bootstrap` it connects by itself.
 *
 * Rejects with
 * - `INVALID`: a bad option, address or credential, a certificate that is not one of a relay (`block: relay`), or an
 *   address or port that cannot be listened on; the message names the culprit
 * - `REFUSED`: its certificate does not hold; `reason` says why
 *
 * @example
 * ```ts
 * import { createRelay } from 'nexus-mesh/relay'
 *
 * const relay = await createRelay({ credential: 'relay.json', healthPort: 8080 })
 * console.log(relay.addresses)
 * ```
 */
export async function createRelay(options: RelayOptions): Promise<Relay> {
  const relay = await assembleRelay(resolveRelayOptions(options), nodePlatform)

  try {
    await relay.start()
    return relay
  } catch (error) {
    await relay.stop()
    throw error
  }
}
