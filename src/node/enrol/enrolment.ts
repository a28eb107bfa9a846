import { join } from 'node:path'
import { NexusError } from '../../errors.ts'
import { parseSecret } from '../../identity/enrolment-secret.ts'
import { checkResource } from '../../identity/jid.ts'
import type { RevocationList } from '../../identity/revocation-list.ts'
import type { Part } from '../../lib/lifecycle.ts'
import type { Clock, NexusNotice } from '../../types.ts'
import type { NexusOptions } from '../options.ts'
import { EnrolledBlock } from './enrolled-block.ts'
import { type KeyPlace, takeKeyPlace } from './key-place.ts'

/** Where credentials are kept when nobody says. */
const DEFAULT_DIRECTORY = '.nexus'
/** A certificate is renewed at half of its time, and up to so much later: not all at once. */
const RENEWAL_PART = 0.5
const RENEWAL_SPREAD = 0.1

/** A block that an authority service enrols, and the file of its credential, which is held until `release`. */
export interface Enrolment {
  block: EnrolledBlock
  /** The addresses that the options or the environment say, else none. */
  bootstrap: string[]
  /** What the block is made with. */
  extras: EnrolmentExtras
  release: () => void
}

/** What an enrolled block, or relay, is made with beside its options. */
export interface EnrolmentExtras {
  clock: Clock
  notices: NexusNotice[]
  renewalPart: () => number
  givesGrants: true
  watch: (revocations: RevocationList) => Part
}

/** What says how to enrol. */
export type EnrolmentOptions = Pick<NexusOptions, 'credential' | 'authority' | 'secret' | 'resource' | 'bootstrap'>

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Enrols a block as its options say, and the environment (`NEXUS_AUTHORITY`, `SERVICE_SECRET` or `EXPLORE_SECRET`,
 * `RESOURCE`, `NEXUS_CREDENTIAL`, `NEXUS_BOOTSTRAP`) where they say neither `credential` nor `authority`. Gives
 * `undefined` when there is no authority: the credential is given.
 */
export async function enrolmentOf(options: EnrolmentOptions, environment: Environment): Promise<Enrolment | undefined> {
  const env = (name: string): string | undefined => environment[name] || undefined
  const { credential } = options
  const authority = options.authority ?? (credential === undefined ? env('NEXUS_AUTHORITY') : undefined)

  if (authority === undefined) {
    checkNoEnrolment(options)
    return undefined
  }

  if (credential !== undefined && typeof credential !== 'string') {
    throw new NexusError('INVALID', 'credential: beside authority it is the path of the file that keeps it')
  }

  const text = options.secret ?? env('SERVICE_SECRET') ?? env('EXPLORE_SECRET')
  const secret = text === undefined ? undefined : parseSecret(text)
  const resource = options.resource ?? env('RESOURCE')

  if (resource !== undefined) {
    checkResource(resource)
  }

  const path = credential ?? env('NEXUS_CREDENTIAL')
  const place = path === undefined ? placeOf(secret, resource) : { path, release: () => undefined }

  try {
    const block = await EnrolledBlock.open({ authority, secret, resource, path: place.path })
    const bootstrap = options.bootstrap?.length ? options.bootstrap : listOf(env('NEXUS_BOOTSTRAP'))
    return { block, bootstrap, extras: extrasOf(block), release: place.release }
  } catch (error) {
    place.release()
    throw error
  }
}

function extrasOf(block: EnrolledBlock): EnrolmentExtras {
  return {
    clock: block.clock.read,
    notices: block.clock.notices,
    renewalPart: () => RENEWAL_PART + RENEWAL_SPREAD * Math.random(),
    givesGrants: true,
    watch: (revocations) => block.watch(revocations)
  }
}

function placeOf(secret: ReturnType<typeof parseSecret> | undefined, resource = 'default'): KeyPlace {
  if (secret === undefined) {
    throw new NexusError('INVALID', 'no secret to enrol with: give secret, or set SERVICE_SECRET or EXPLORE_SECRET')
  }

  return takeKeyPlace(join(DEFAULT_DIRECTORY, 'blocks'), `${secret.app}-${secret.kind}-${resource}`)
}

function checkNoEnrolment({ secret, resource }: EnrolmentOptions): void {
  if (secret !== undefined || resource !== undefined) {
    throw new NexusError('INVALID', `${secret === undefined ? 'resource' : 'secret'}: only with authority`)
  }
}

function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}
