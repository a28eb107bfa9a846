import type { ComponentLogger } from '@libp2p/interface'
import type { Access } from '../protocols/access.ts'
import { ApiClient } from '../protocols/api.ts'
import { Balancer } from '../protocols/balance.ts'
import { Directs } from '../protocols/direct.ts'
import type { Directory } from '../protocols/directory.ts'
import { Routing } from '../protocols/routing.ts'
import type { Core } from './core.ts'
import type { ResolvedOptions } from './options.ts'
import type { OwnCredential } from './own-credential.ts'

export interface CallsInit {
  core: Core
  credential: OwnCredential
  access: Access
  /** Where workers are looked up. */
  directory: Directory
  options: Pick<ResolvedOptions, 'bodyLimitBytes' | 'timeoutMs'>
  logger: ComponentLogger
}

/** What gets calls and directs to workers, and directs to this one. */
export interface CallParts {
  apiClient: ApiClient
  directs: Directs
}

export function assembleCalls({ core, credential, access, directory, options, logger }: CallsInit): CallParts {
  const { identity: self, sessions } = core
  const { bodyLimitBytes, timeoutMs } = options
  const now = (): number => performance.now()
  const balancer = new Balancer({ now, random: Math.random })
  const routing = new Routing({ self, sessions, directory, balancer, now, defaultTimeoutMs: timeoutMs })
  return {
    apiClient: new ApiClient({ self, routing, grants: () => credential.grants, bodyLimitBytes }),
    directs: new Directs({ self, access, routing, bodyLimitBytes, log: logger.forComponent('nexus:direct') })
  }
}
