import { NexusError, type NexusErrorCode } from '../../errors.ts'
import { requestJson } from '../../lib/json-request.ts'
import type { CommonFlags } from '../flags.ts'

/** Flags of every command that asks the service. */
export interface AdminFlags extends CommonFlags {
  url?: string
  token?: string
}

/** What a command asks of the service, and under which name its rows are in the answer, when it has rows. */
export interface AdminRequest {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Below `/admin`. Its parts are escaped: `pathOf`. */
  path: string
  body?: object
  rows?: string
}

const CODES: Record<number, NexusErrorCode> = { 401: 'REFUSED', 403: 'REFUSED', 429: 'BUSY' }

/** A path of these parts. */
export function pathOf(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('')
}

/** The service's answer. Rejects with `INVALID` for what it finds wrong, `REFUSED`, `BUSY` or `UNREACHABLE`. */
export async function askService({ url, token }: AdminFlags, { method, path, body }: AdminRequest): Promise<unknown> {
  if (url === undefined || !URL.canParse(url)) {
    throw new NexusError('INVALID', 'where is the service? give --url <origin> or set NEXUS_AUTHORITY')
  }

  if (token === undefined) {
    throw new NexusError('INVALID', 'no admin token: set NEXUS_ADMIN_TOKEN (nexus authority token makes one)')
  }

  const headers = { authorization: `Bearer ${token}` }
  const asked = { url: new URL(`/admin${path}`, url), method, headers, failure: 'does not answer' }
  const answer = await requestJson({ ...asked, ...(body === undefined ? {} : { body }) })

  if (answer.status === 200) {
    return answer.body
  }

  const code = CODES[answer.status] ?? (answer.status >= 500 ? 'UNREACHABLE' : 'INVALID')
  throw new NexusError(code, `the service says: ${answer.message}`)
}
