import { NexusError } from '../../errors.ts'
import type { ReceivedDirect, ReceivedRequest } from './received-call.ts'
import { isSystemCommand } from './session-context.ts'
import type { PeerSession } from './session-table.ts'

/** What arrives on sessions. */
export interface SessionRouter {
  onRequest: (request: ReceivedRequest, from: PeerSession) => void
  onDirect: (direct: ReceivedDirect, from: PeerSession) => Promise<void>
  onGrant: (from: PeerSession, grant: string, issuerCertificate: string | undefined) => void
}

/** A router that takes nothing: for members that serve no calls, and until another is registered. */
export const refusingRouter: SessionRouter = {
  onRequest: (request) => request.fail('FORBIDDEN', 'this member of the mesh serves no calls'),
  onDirect: () => Promise.reject(new NexusError('FORBIDDEN', 'this member of the mesh takes no directs')),
  onGrant: () => undefined
}

/** Who answers what arrives: the application, and the mesh's own commands. Before they are known, all is refused. */
export class SessionRoutes implements SessionRouter {
  #application = refusingRouter
  #system: SessionRouter['onRequest'] = refusingRouter.onRequest

  serve(application: SessionRouter): void {
    this.#application = application
  }

  serveSystem(onRequest: SessionRouter['onRequest']): void {
    this.#system = onRequest
  }

  onRequest(request: ReceivedRequest, from: PeerSession): void {
    if (isSystemCommand(request.cmd)) {
      this.#system(request, from)
    } else {
      this.#application.onRequest(request, from)
    }
  }

  onDirect(direct: ReceivedDirect, from: PeerSession): Promise<void> {
    return this.#application.onDirect(direct, from)
  }

  onGrant(from: PeerSession, grant: string, issuerCertificate: string | undefined): void {
    this.#application.onGrant(from, grant, issuerCertificate)
  }
}
