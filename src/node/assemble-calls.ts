import type { ComponentLogger } from '@libp2p/interface'
import type { Access } from '../protocols/call/access.ts'
import { ApiClient } from '../protocols/call/api-client.ts'
import { Balancer } from '../protocols/call/balancer.ts'
import { Directs } from '../protocols/call/directs.ts'
import { Router } from '../protocols/call/router.ts'
import type { Directory } from '../protocols/find/directory.ts'
import type { Member } from './member.ts'
import type { ResolvedOptions } from './options.ts'
import type { OwnCredential } from './own-credential.ts'

export interface CallsInit {
  member: Member
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

export function assembleCalls({ member, credential, access, directory, options, logger }: CallsInit): CallParts {
  const { identity: self, sessions } = member
  const { bodyLimitBytes, timeoutMs } = options
  const now = (): number => performance.now()
  const balancer = new Balancer({ now, random: Math.random })
  const routing = new Router({ self, sessions, directory, balancer, now, defaultTimeoutMs: timeoutMs })
  return {
    apiClient: new ApiClient({ self, routing, grants: () => credential.grants, bodyLimitBytes }),
    directs: new Directs({ self, access, routing, bodyLimitBytes, log: logger.forComponent('nexus:direct') })
  }
}
