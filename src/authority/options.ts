import * as v from 'valibot'
import { Authority } from '../identity/authority.ts'
import type { Allowance } from '../lib/allowances.ts'
import { parseOptions } from '../lib/parse-options.ts'
import type { BlockKind, Clock, Role } from '../types.ts'
import { isOrigin } from './routes/own-origin.ts'

const DAY_MS = 24 * 60 * 60_000
const HOUR_MS = 60 * 60_000

/** Who is logged in at a page's site. */
export interface PageUser {
  app: string
  uid: string
  role: Role
  /** Default `xwebsite`. */
  block?: BlockKind
  /** Default `webxo` for an `xwebsite`, `webuo` for an `adminpanel`. */
  resource?: string
}

/** How an authority service runs. Checked at once: `INVALID` names the option at fault. */
export interface AuthorityServiceOptions {
  /** Whose certificates it issues: it holds the network's root key. */
  authority: Authority
  /** The path of its SQLite file. It is made when there is none, and never replaced. */
  database: string
  /** Where clients reach it: scheme, host and port, `https://authority.example.org`. Proofs for others are refused. */
  origin: string
  /** Relay addresses that those who enrol are told. Default: none. */
  bootstrap?: string[]
  /**
   * Who is logged in, for `POST /nexus/certificate`; `null` when nobody is. It is given the request without its body.
   * Default: pages get no certificates here.
   */
  authenticate?: (request: Request) => PageUser | null | Promise<PageUser | null>
  /** How long a page's certificate holds, in ms. Default an hour. */
  pageValidityMs?: number
  /** How long the certificate of a worker, device or relay holds, in ms. Default 24 hours. */
  validityMs?: number
  /** How long a grant holds, in ms. Default 24 hours. A renewal brings fresh ones. */
  grantValidityMs?: number
  /** Live keys of a user at a time, where neither the user's nor the app's own limit says else. Default 64. */
  maxKeys?: number
  /** How many requests a source may make. Default 1,000 at once and 20 a second. */
  sourceAllowance?: Allowance
  /** How many wrong secrets and admin tokens a source may show. Default 10 at once and 6 a minute. */
  guessAllowance?: Allowance
  /** How many certificates a user may get. Default 200 at once and one a second. */
  userAllowance?: Allowance
  /**
   * Whether members of versions that know no issuing keys are to obey what is revoked: each list is whole then, 1 MiB at
   * most, and voids an app by its keys and a certificate by its key too. Default: with a root key; those members take no
   * list of an issuing key.
   */
  earlierMembers?: boolean
  /** Told of failures of the service itself, which clients see as status 500. Default: prints them on stderr. */
  onError?: (error: unknown) => void
  /** Default `Date.now`. */
  clock?: Clock
}

const positive = v.pipe(v.number(), v.minValue(1, 'expected a positive number'))
const count = v.pipe(positive, v.integer('expected a whole number'))
const allowance = v.strictObject({ burst: positive, perSecond: v.pipe(v.number(), v.minValue(0)) })
const isFunction = (value: unknown): boolean => typeof value === 'function'

const OptionsSchema = v.strictObject({
  authority: v.custom<Authority>((value) => value instanceof Authority, 'expected an Authority'),
  database: v.pipe(v.string(), v.nonEmpty('expected a path')),
  origin: v.pipe(
    v.string(),
    v.check((text) => isOrigin(text), 'expected scheme, host and port alone, like https://authority.example.org')
  ),
  bootstrap: v.optional(v.array(v.string()), []),
  authenticate: v.optional(
    v.custom<NonNullable<AuthorityServiceOptions['authenticate']>>(isFunction, 'expected a function')
  ),
  pageValidityMs: v.optional(positive, HOUR_MS),
  validityMs: v.optional(positive, DAY_MS),
  grantValidityMs: v.optional(positive, DAY_MS),
  maxKeys: v.optional(count, 64),
  sourceAllowance: v.optional(allowance, { burst: 1_000, perSecond: 20 }),
  guessAllowance: v.optional(allowance, { burst: 10, perSecond: 0.1 }),
  userAllowance: v.optional(allowance, { burst: 200, perSecond: 1 }),
  earlierMembers: v.optional(v.boolean()),
  onError: v.optional(v.custom<(error: unknown) => void>(isFunction, 'expected a function'), () => console.error),
  clock: v.optional(v.custom<Clock>(isFunction, 'expected a function'), () => Date.now)
})

/** Options as the code inside sees them: complete. */
export type ResolvedAuthorityOptions = v.InferOutput<typeof OptionsSchema>

/** The options with their defaults. Throws `INVALID`, naming the option at fault. */
export function resolveAuthorityOptions(options: AuthorityServiceOptions): ResolvedAuthorityOptions {
  return parseOptions(OptionsSchema, options)
}
