import type { ServeAuthorityOptions } from '../../../src/authority/serve.ts'
import { answerCommands, CommandProcess } from '../../support/command-process.ts'
import { TestAuthority } from './service.ts'

interface ServiceCommands {
  /** Serves the database of this folder. Gives the origin and a service secret of `anna`. */
  start: (folder: string, options?: Partial<ServeAuthorityOptions>) => Promise<{ origin: string; secret: string }>
  /** The text of a new secret. */
  secret: (terms: Record<string, unknown>) => Promise<string>
  /** How many certificates each key was given. */
  certificates: () => Promise<Record<string, number>>
}

/** An authority service in an operating-system process of its own, which can be killed. */
export class ServiceProcess extends CommandProcess<ServiceCommands> {
  constructor() {
    super(new URL(import.meta.url).pathname)
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  let authority: TestAuthority
  answerCommands<ServiceCommands>({
    async start(folder, options = {}) {
      const allowance = { burst: 10_000, perSecond: 10_000 }
      const limits = { sourceAllowance: allowance, userAllowance: allowance, maxKeys: 10_000 }
      authority = await TestAuthority.start(folder, { ...limits, ...options })
      return { origin: authority.origin, secret: await authority.secret() }
    },
    secret: (terms) => authority.secret(terms),
    async certificates() {
      const { body } = await authority.admin('GET', '/audit?limit=1000')
      const counts: Record<string, number> = {}
      for (const { action, outcome, detail } of body.audit) {
        if (outcome === 'ok' && (action === 'enroll' || action === 'renew')) {
          counts[detail.peer] = (counts[detail.peer] ?? 0) + 1
        }
      }
      return counts
    }
  })
}
