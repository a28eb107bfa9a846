import type { Connection } from '@libp2p/interface'
import { type Ping, type PingComponents, ping } from '@libp2p/ping'

type Registrar = PingComponents['registrar']

/** At a time on one connection: a process that was blocked finds all that were sent meanwhile. */
const MAX_PINGS = 32

/** libp2p's ping, which tells of each connection that the peer has pinged. */
export function pingService(onPing: (connection: Connection) => void): (components: PingComponents) => Ping {
  const factory = ping({ runOnLimitedConnection: true, maxInboundStreams: MAX_PINGS, maxOutboundStreams: MAX_PINGS })

  return (components) => {
    const registrar: Registrar = Object.create(components.registrar, {
      handle: {
        value: (...[protocol, handler, options]: Parameters<Registrar['handle']>) =>
          components.registrar.handle(
            protocol,
            (stream, connection) => {
              onPing(connection)
              return handler(stream, connection)
            },
            options
          )
      }
    })
    return factory(Object.create(components, { registrar: { value: registrar } }))
  }
}
