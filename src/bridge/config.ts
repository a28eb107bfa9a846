import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { NexusError } from '../errors.ts'
import type { Credential } from '../identity/credential.ts'
import { checkResource } from '../identity/jid.ts'
import type { CredentialSource, NexusOptions } from '../node/options.ts'

const MAX_RESOURCE_LENGTH = 64

export interface ConnectOptions extends Partial<Omit<NexusOptions, 'credential'>> {
  /**
   * Who this worker is. A function is told the resource that it is to have. Default `NEXUS_CREDENTIAL`; with `authority`
   * (or `NEXUS_AUTHORITY`) the file that keeps it.
   */
  credential?: CredentialSource | ((wanted: { resource: string }) => Credential | Promise<Credential>)
  /** Taken for old programs' sake; nobody reads it. */
  image?: string
  /** The certificate must be of this resource. Default `RESOURCE`. */
  resource?: string
}

/** What `App.Connect` resolves with: how the worker runs. */
export interface WorkerConfig {
  app: string
  image: string | undefined
  public: boolean
  resource: string
}

/** The options of a start, with what program arguments (`public=false`) and the environment say, in this order. */
export interface StartOptions {
  nexus: NexusOptions
  image: string | undefined
  public: boolean
  /** What the certificate must be of, where anybody has said so. */
  app: string | undefined
  resource: string | undefined
}

/** Throws `INVALID` for a bad resource, a `public` that is neither `true` nor `false`, and without a credential. */
export function startOptions(options: ConnectOptions, args = process.argv.slice(2)): StartOptions {
  const { NEXUS_AUTHORITY, NEXUS_CREDENTIAL, NEXUS_BOOTSTRAP, RESOURCE } = process.env
  const given = keyValues(args)
  const { image, resource, credential, bootstrap, ...others } = options
  const wanted = given.get('resource') ?? resource ?? (RESOURCE === '' ? undefined : RESOURCE)
  const isPublic = given.has('public') ? booleanOf(given.get('public')!) : (options.public ?? true)

  if (wanted !== undefined) {
    checkResource(wanted)
  }

  const source = given.get('credential') ?? credential ?? NEXUS_CREDENTIAL

  const isPath = source === undefined || typeof source === 'string'
  const authority = options.authority ?? (isPath ? NEXUS_AUTHORITY || undefined : undefined)

  if (!source && authority === undefined) {
    throw new NexusError(
      'INVALID',
      `no credential: set NEXUS_CREDENTIAL to the path of its file (of the resource '${wanted ?? defaultResource()}')`
    )
  }

  const nexus = {
    ...others,
    ...(authority === undefined ? {} : { authority, resource: wanted ?? defaultResource() }),
    public: isPublic,
    credential:
      typeof source === 'function' ? () => source({ resource: wanted ?? defaultResource() }) : source || undefined,
    bootstrap: given.has('bootstrap') ? addresses(given.get('bootstrap')) : (bootstrap ?? addresses(NEXUS_BOOTSTRAP))
  }
  return { nexus, image: given.get('image') ?? image, public: isPublic, app: given.get('app'), resource: wanted }
}

/** `<worker folder>.<app folder>.dev`: the resource of a program that nobody has named. */
export function defaultResource(program: string = process.argv[1] ?? process.cwd()): string {
  const folder = statSync(program, { throwIfNoEntry: false })?.isDirectory() === true ? program : dirname(program)
  const [worker, app] = [folder, dirname(folder)].map((path) => basename(path).replaceAll(/[^A-Za-z0-9_.]+/g, '_'))
  return [worker, app, 'dev']
    .filter((part) => part !== '')
    .join('.')
    .slice(-MAX_RESOURCE_LENGTH)
}

/** The arguments of the form `key=value`; the last one of a key counts. */
function keyValues(args: readonly string[]): Map<string, string> {
  return new Map(args.flatMap((arg) => [...arg.matchAll(/^([a-z]+)=(.*)$/gs)].map(([, key, value]) => [key!, value!])))
}

function booleanOf(text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw new NexusError('INVALID', `public=${text}: 'true' or 'false'`)
  }

  return text === 'true'
}

function addresses(text = ''): string[] {
  return text.split(/[\s,]+/).filter((address) => address !== '')
}
