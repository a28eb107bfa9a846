import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { pEvent } from 'p-event'
import { NexusError } from '../../errors.ts'
import type { KeyHoldersInit } from '../../protocols/peers/key-holders.ts'
import { pingOnce } from './ping-once.ts'

export interface KeyConnectionsInit {
  node: () => Pick<Libp2p, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  /** Who a peer is. */
  jidOf: (peerId: string) => string | undefined
}

/** What is asked, and ended, on the connections of whoever has a key. */
export function keyConnections({
  node,
  jidOf
}: KeyConnectionsInit): Pick<KeyHoldersInit, 'describe' | 'whenOpen' | 'answers' | 'cut'> {
  const openTo = (peerId: string): Connection[] =>
    node()
      .getConnections()
      .filter(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peerId)

  return {
    describe: (peerId) => {
      const [first] = openTo(peerId)
      return first && `${jidOf(peerId) ?? peerId} at ${first.remoteAddr}`
    },
    whenOpen: async (peerId, timeoutMs) => {
      if (openTo(peerId).length === 0 && timeoutMs > 0) {
        const filter = ({ detail }: CustomEvent<PeerId>): boolean => detail.toString() === peerId
        await pEvent<'peer:connect', CustomEvent<PeerId>>(node(), 'peer:connect', {
          filter,
          timeout: timeoutMs,
          rejectionEvents: []
        }).catch(() => undefined)
      }
      return openTo(peerId).length > 0
    },
    answers: async (peerId, timeoutMs) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const pings = openTo(peerId).map(async (connection) => {
        if (!(await pingOnce(connection, signal))) {
          throw signal.reason
        }
      })
      return Promise.any(pings).then(
        () => true,
        () => false
      )
    },
    cut: (peerId) => {
      const error = new NexusError('REFUSED', 'another block has this key', { reason: 'IN_USE' })

      for (const connection of openTo(peerId)) {
        connection.abort(error)
      }
    }
  }
}
