import type { HandlerErrorReporter } from '../lib/handler-errors.ts'
import type { Part } from '../lib/lifecycle.ts'
import type { Clock, NexusNotice } from '../types.ts'
import { clockNotice } from './clock-check.ts'
import type { Bootstrap } from './connect/bootstrap.ts'
import type { Platform } from './libp2p/platform.ts'
import type { Member } from './member.ts'
import type { OwnCredential } from './own-credential.ts'
import { factsOf, StatusBoard } from './status.ts'

export interface StatusPartsInit {
  member: Member
  credential: OwnCredential
  bootstrap: Bootstrap
  platform: Platform
  notices: readonly NexusNotice[]
  clock: Clock
  onHandlerError: HandlerErrorReporter
}

/** What says how the block stands, and what tells it of the block's peers and of the device that it runs on. */
export interface StatusParts {
  status: StatusBoard
  watch: Part
}

export function assembleStatus(init: StatusPartsInit): StatusParts {
  const { credential, bootstrap, notices, clock, onHandlerError } = init
  const status = new StatusBoard({ clock, notices, onHandlerError })

  status.report({ joined: !bootstrap.isNeeded })
  bootstrap.addEventListener('change', ({ detail }) => {
    const facts = factsOf(detail)
    status.notice('WRONG_CLOCK', clockNotice(facts.clockAheadMs), { aheadMs: Math.round(-(facts.clockAheadMs ?? 0)) })
    status.report(facts)
  })
  credential.addEventListener('expired', () => status.report({ expired: true }))
  credential.addEventListener('expiring', ({ detail }) => status.notice('EXPIRES_SOON', detail ?? undefined))
  credential.addEventListener('failing', ({ detail }) => status.notice('NOT_RENEWED', detail ?? undefined))
  credential.addEventListener('renewed', () => {
    status.report({ expired: false })

    // One that had ended has closed the connections.
    if (status.status.state !== 'online') {
      void bootstrap.recheck()
    }
  })
  return { status, watch: watchPeersAndDevice(init, status) }
}

function watchPeersAndDevice({ member, platform, bootstrap }: StatusPartsInit, status: StatusBoard): Part {
  const { libp2p } = member.node
  const reportPeers = (): void => status.report({ hasPeers: libp2p.getConnections().length > 0 })
  let unwatchDevice: (() => void) | undefined
  libp2p.addEventListener('peer:connect', reportPeers)
  libp2p.addEventListener('peer:disconnect', reportPeers)

  return {
    start: () => {
      unwatchDevice = platform.watchDevice?.({
        onNetwork: (isUp) => {
          status.report({ networkDown: !isUp })

          if (isUp) {
            void bootstrap.recheck()
          }
        },
        onResume: () => void bootstrap.recheck()
      })
    },
    stop: () => {
      unwatchDevice?.()
      libp2p.removeEventListener('peer:connect', reportPeers)
      libp2p.removeEventListener('peer:disconnect', reportPeers)
    }
  }
}
