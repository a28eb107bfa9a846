import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
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
  /** One with another key, in place of this one, which it releases: with `replicas` alone. Rejects as `enrolmentOf`. */
  another: (() => Promise<Enrolment>) | undefined
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
export type EnrolmentOptions = Pick<
  NexusOptions,
  'credential' | 'authority' | 'secret' | 'resource' | 'bootstrap' | 'replicas'
>

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Enrols a block as its options say, and the environment (`NEXUS_AUTHORITY`, `SERVICE_SECRET` or `EXPLORE_SECRET`,
 * `RESOURCE`, `NEXUS_CREDENTIAL`, `NEXUS_BOOTSTRAP`, `NEXUS_REPLICAS`) where they say neither `credential` nor `authority`. Gives
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
  const keys = keysAt(path, secret, resource)
  checkReplicas(options.replicas)
  const hasReplicas = options.replicas ?? env('NEXUS_REPLICAS') === 'true'

  const open = async (place: KeyPlace): Promise<Enrolment> => {
    const next = (): Promise<Enrolment> => {
      place.release()
      return open(takeKeyPlace(keys.directory, keys.name, place.number + 1))
    }
    const another = hasReplicas ? next : undefined
    const isNew = !existsSync(place.path)

    try {
      const block = await EnrolledBlock.open({ authority, secret, resource, path: place.path })
      const bootstrap = options.bootstrap?.length ? options.bootstrap : listOf(env('NEXUS_BOOTSTRAP'))
      return { block, bootstrap, extras: extrasOf(block), release: place.release, another }
    } catch (error) {
      // Another replica, on another machine it may be, was faster: its key is not overwritten.
      if (another !== undefined && isNew && existsSync(place.path)) {
        return another()
      }
      place.release()
      throw error
    }
  }

  // A named file is not locked.
  return open(
    path === undefined ? takeKeyPlace(keys.directory, keys.name) : { path, number: 1, release: () => undefined }
  )
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

/** Where a block's key is kept, and those of its replicas. */
function keysAt(
  path: string | undefined,
  secret: ReturnType<typeof parseSecret> | undefined,
  resource = 'default'
): { directory: string; name: string } {
  if (path !== undefined) {
    return { directory: dirname(path), name: basename(path, '.json') }
  }

  if (secret === undefined) {
    throw new NexusError('INVALID', 'no secret to enrol with: give secret, or set SERVICE_SECRET or EXPLORE_SECRET')
  }

  return { directory: join(DEFAULT_DIRECTORY, 'blocks'), name: `${secret.app}-${secret.kind}-${resource}` }
}

function checkReplicas(value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new NexusError('INVALID', 'replicas: expected true or false')
  }
}

function checkNoEnrolment(options: EnrolmentOptions): void {
  const given = (['secret', 'resource', 'replicas'] as const).find((name) => options[name] !== undefined)

  if (given !== undefined) {
    throw new NexusError('INVALID', `${given}: only with authority`)
  }
}

function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}
