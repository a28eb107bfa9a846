export type { Allowance } from '../lib/allowances.ts'
export type { AuthorityServiceOptions, PageUser } from './options.ts'
export { type ServeAuthorityOptions, type ServedAuthority, serveAuthority } from './serve.ts'
export { type AuthorityService, createAuthority } from './service.ts'
