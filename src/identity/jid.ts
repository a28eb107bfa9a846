import { NexusError } from '../errors.ts'
import type { BlockKind, Role } from '../types.ts'

/** The parts of a JID, `app-uid-role@network/resource`. */
export interface JidParts {
  app: string
  uid: string
  role: Role
  network: string
  resource: string
}

const APP = /^[a-z][a-z0-9]{0,62}$/
const UID = /^[A-Za-z0-9]{1,64}$/
const RESOURCE = /^[A-Za-z0-9._]{1,64}$/
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const NETWORK = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const MAX_NETWORK_LENGTH = 253
const ROLES: ReadonlySet<unknown> = new Set<Role>(['owner', 'partner', 'user'])
const BLOCK_KINDS: ReadonlySet<unknown> = new Set<BlockKind>(['worker', 'xwebsite', 'adminpanel', 'device', 'relay'])
const JID = /^([^-@/]*)-([^-@/]*)-([^-@/]*)@([^@/]*)\/([^@/]*)$/
const APP_RULE = 'a lower-case letter, then up to 62 lower-case letters and digits'
const NETWORK_RULE = 'a lower-case DNS domain, like mesh.example.org'
/** The longest of each part and the separators; no longer text is looked at. */
const MAX_JID_LENGTH = 63 + 64 + 'partner'.length + MAX_NETWORK_LENGTH + 64 + 4

/** `value` when it is an app name, `[a-z][a-z0-9]{0,62}`; else throws `INVALID`. */
export function checkApp(value: unknown): string {
  return checkText('app', APP_RULE, value, (text) => APP.test(text))
}

/** `value` when it is a user id, 1-64 of `[A-Za-z0-9]`; else throws `INVALID`. */
export function checkUid(value: unknown): string {
  return checkText('uid', '1 to 64 letters and digits', value, (text) => UID.test(text))
}

/** `value` when it is a resource, 1-64 of `[A-Za-z0-9._]`; else throws `INVALID`. */
export function checkResource(value: unknown): string {
  return checkText('resource', '1 to 64 letters, digits, dots and underscores', value, (text) => RESOURCE.test(text))
}

/**
 * `value` when it is a network, a lower-case DNS domain of 1-253 characters (RFC 1035, digits first allowed as in
 * RFC 1123); else throws `INVALID`.
 */
export function checkNetwork(value: unknown): string {
  return checkText('network', NETWORK_RULE, value, (text) => text.length <= MAX_NETWORK_LENGTH && NETWORK.test(text))
}

/** `value` when it is a role; else throws `INVALID`. */
export function checkRole(value: unknown): Role {
  return checkText('role', [...ROLES].join(', '), value, (text) => ROLES.has(text)) as Role
}

/** `value` when it is a kind of block; else throws `INVALID`. */
export function checkBlockKind(value: unknown): BlockKind {
  return checkText('block', [...BLOCK_KINDS].join(', '), value, (text) => BLOCK_KINDS.has(text)) as BlockKind
}

/**
 * The JID of these parts. Throws `INVALID`, naming the part at fault.
 *
 * @example
 * ```ts
 * import { formatJid } from 'nexus-mesh'
 *
 * // etest-anna-owner@mesh.example/default
 * formatJid({ app: 'etest', uid: 'anna', role: 'owner', network: 'mesh.example', resource: 'default' })
 * ```
 */
export function formatJid(parts: JidParts): string {
  const { app, uid, role, network, resource } = checkParts(parts)
  return `${app}-${uid}-${role}@${network}/${resource}`
}

/**
 * The parts of a JID. Throws `INVALID` for text that is none; `formatJid` of the answer gives the same text.
 *
 * @example
 * ```ts
 * import { parseJid } from 'nexus-mesh'
 *
 * const { app, uid, role } = parseJid('etest-anna-owner@mesh.example/default')
 * ```
 */
export function parseJid(text: string): JidParts {
  const match = typeof text === 'string' && text.length <= MAX_JID_LENGTH ? JID.exec(text) : null
  if (match === null) {
    throw new NexusError('INVALID', `not a JID (app-uid-role@network/resource): ${quote(text)}`)
  }
  const [, app, uid, role, network, resource] = match
  return checkParts({ app, uid, role, network, resource })
}

function checkParts(parts: { [part in keyof JidParts]: unknown }): JidParts {
  return {
    app: checkApp(parts.app),
    uid: checkUid(parts.uid),
    role: checkRole(parts.role),
    network: checkNetwork(parts.network),
    resource: checkResource(parts.resource)
  }
}

function checkText(what: string, rule: string, value: unknown, passes: (text: string) => boolean): string {
  if (typeof value !== 'string' || !passes(value)) {
    throw new NexusError('INVALID', `bad ${what}: ${quote(value)} (expected: ${rule})`)
  }
  return value
}

/** The value as it may stand in a message: hostile values can be of any length and type. */
function quote(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value)
  }
  return value === null ? 'null' : typeof value
}
