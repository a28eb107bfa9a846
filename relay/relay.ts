import { enrolmentOf } from '../src/node/enrol/enrolment.ts'
import { releasing } from '../src/node/releasing.ts'
import { nodePlatform } from '../src/node/runtime/node.ts'
import { assembleRelay, type RelayExtras } from './assemble.ts'
import { type RelayOptions, resolveRelayOptions } from './options.ts'
import type { Relay } from './types.ts'

export type { RelayEvent, RelayOptions, RelayTls } from './options.ts'
export type { Relay, RelayStatus } from './types.ts'

/**
 * Starts a relay: bootstrap peer, DHT server, circuit relay v2 for verified members, forwarder of the topics of its
 * clients, on TCP and WebSocket. Resolves when it listens; to the relays of `bootstrap` it connects by itself. With
 * `authority` (or `NEXUS_AUTHORITY`) it enrols as `createNexus` does.
 *
 * Rejects with
 * - `INVALID`: a bad option, address or credential, a certificate that is not one of a relay (`block: relay`), TLS files
 *   that can't be read or don't belong together, or an address or port that cannot be listened on; the message names the
 *   culprit
 * - `REFUSED`: its certificate does not hold, or the authority service gave none; `reason` says why
 * - `UNREACHABLE`: there is no certificate, and the authority service does not answer
 *
 * @example
 * ```ts
 * import { createRelay } from 'nexus-mesh/relay'
 *
 * const relay = await createRelay({ credential: 'relay.json', healthPort: 8080 })
 * console.log(relay.addresses)
 * ```
 */
export async function createRelay(options: RelayOptions = {}): Promise<Relay> {
  const enrolment = await enrolmentOf(options, process.env)

  if (enrolment === undefined) {
    return start(options)
  }

  const { authority: _authority, secret: _secret, resource: _resource, ...others } = options
  const { block, bootstrap, extras, release } = enrolment

  try {
    // What the service tells others are the addresses of its relays, this one among them.
    return releasing(await start({ ...others, bootstrap, credential: block.credential }, extras), release)
  } catch (error) {
    release()
    throw error
  }
}

async function start(options: RelayOptions, extras?: RelayExtras): Promise<Relay> {
  const relay = await assembleRelay(resolveRelayOptions(options), nodePlatform, extras)

  try {
    await relay.start()
    return relay
  } catch (error) {
    await relay.stop()
    throw error
  }
}
