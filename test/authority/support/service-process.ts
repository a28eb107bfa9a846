import { answerCommands, CommandProcess } from '../../support/command-process.ts'
import { TestAuthority } from './service.ts'

interface ServiceCommands {
  /** Serves the database of this folder. Gives the origin and a service secret of `anna`. */
  start: (folder: string) => Promise<{ origin: string; secret: string }>
}

/** An authority service in an operating-system process of its own, which can be killed. */
export class ServiceProcess extends CommandProcess<ServiceCommands> {
  constructor() {
    super(new URL(import.meta.url).pathname)
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  answerCommands<ServiceCommands>({
    async start(folder) {
      const allowance = { burst: 10_000, perSecond: 10_000 }
      const limits = { sourceAllowance: allowance, userAllowance: allowance, maxKeys: 10_000 }
      const authority = await TestAuthority.start(folder, limits)
      return { origin: authority.origin, secret: await authority.secret() }
    }
  })
}
