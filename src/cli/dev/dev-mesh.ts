import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRelay, type Relay } from '../../../relay/relay.ts'
import { type ServedAuthority, serveAuthority } from '../../authority/serve.ts'
import { NexusError } from '../../errors.ts'
import { Authority } from '../../identity/authority.ts'
import { parseSecret } from '../../identity/enrolment-secret.ts'
import { checkApp } from '../../identity/jid.ts'
import { writeCredentialFile } from '../../node/runtime/credential-file.ts'
import { askService, pathOf } from '../authority/admin-request.ts'
import { authorityPath, databasePath, readAuthority, writeAuthority } from '../authority-file.ts'
import { issueCredential } from '../issue-credential.ts'
import { readEnvFile, writeEnvFile } from './env-file.ts'

const NETWORK = 'dev.example'
const LISTEN = ['/ip4/127.0.0.1/tcp/9700', '/ip4/127.0.0.1/tcp/9701/ws']
/** The user of all blocks that the files let in. */
const UID = 'dev'
const RELAY = { app: 'relay', uid: UID, role: 'owner', block: 'relay', resource: 'relay' } as const
const YEARS_MS = 10 * 365 * 24 * 60 * 60_000

export interface DevMeshInit {
  directory: string
  apps: string[]
  /** Of the authority service; 0: a free one. */
  port: number
  listen: string[] | undefined
}

/** What runs, and the files with which blocks join it. */
export interface DevDescription {
  network: string
  origin: string
  bootstrap: string[]
  admin: string
  apps: Array<{ app: string; worker: string; caller: string }>
}

/** A relay and an authority service on this machine, kept in a directory: what is there already goes on. */
export class DevMesh {
  readonly description: DevDescription
  readonly #relay: Relay
  readonly #served: ServedAuthority

  private constructor(description: DevDescription, relay: Relay, served: ServedAuthority) {
    this.description = description
    this.#relay = relay
    this.#served = served
  }

  /** Rejects with `INVALID` for a bad app, a port that is taken, a damaged directory, and before Node 22.16. */
  static async start({ directory, apps, port, listen = LISTEN }: DevMeshInit): Promise<DevMesh> {
    apps.forEach(checkApp)
    const authority = await openAuthority(directory)
    const relay = await createRelay({ credential: await relayCredential(directory, authority), listen })

    try {
      const bootstrap = relay.addresses
      const served = await serveAuthority({ authority, database: databasePath({ dir: directory }), port, bootstrap })
      const { origin } = served

      try {
        const files = new DevFiles(directory, served)
        const description = { network: authority.network, origin, bootstrap, ...(await files.make(apps)) }
        return new DevMesh(description, relay, served)
      } catch (error) {
        await served.close()
        throw error
      }
    } catch (error) {
      await relay.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#served.close(), this.#relay.stop()])
  }
}

/** The files of variables in the directory, and what they need of the service. */
class DevFiles {
  readonly #directory: string
  readonly #served: ServedAuthority

  constructor(directory: string, served: ServedAuthority) {
    this.#directory = directory
    this.#served = served
  }

  async make(apps: string[]): Promise<Pick<DevDescription, 'admin' | 'apps'>> {
    const admin = join(this.#directory, 'admin.env')
    const token = await this.#adminToken(admin)
    const made: DevDescription['apps'] = []

    for (const app of apps) {
      await this.#ask(token, 'PUT', ['apps', app], { owner: UID })
      await this.#ask(token, 'PUT', ['services', app, UID])
      const worker = await this.#secretFile(token, app, { name: `${app}.env`, kind: 'service' })
      const caller = await this.#secretFile(token, app, { name: `${app}.caller.env`, kind: 'explore' })
      made.push({ app, worker, caller })
    }

    return { admin, apps: made }
  }

  /** The token of the file, when it holds still; else a new one. */
  async #adminToken(path: string): Promise<string> {
    const { NEXUS_ADMIN_TOKEN: kept } = await readEnvFile(path)
    const holds = kept !== undefined && (await this.#isKnown(kept))
    const token = holds ? kept : this.#served.service.createAdminToken().token
    await writeEnvFile(path, { NEXUS_AUTHORITY: this.#served.origin, NEXUS_ADMIN_TOKEN: token })
    return token
  }

  async #isKnown(token: string): Promise<boolean> {
    try {
      await this.#ask(token, 'GET', ['apps'])
      return true
    } catch (error) {
      if (error instanceof NexusError && error.code === 'REFUSED') {
        return false
      }
      throw error
    }
  }

  /** Secrets are shown once: one that is in the file already is kept, when the service knows it. */
  async #secretFile(token: string, app: string, { name, kind }: { name: string; kind: string }): Promise<string> {
    const path = join(this.#directory, name)
    const variable = kind === 'service' ? 'SERVICE_SECRET' : 'EXPLORE_SECRET'
    const { [variable]: kept } = await readEnvFile(path)
    const { secrets } = (await this.#ask(token, 'GET', ['secrets'])) as { secrets: Array<{ id: string }> }
    const isKnown = kept !== undefined && secrets.some(({ id }) => id === parseSecret(kept).id)
    const secret = isKnown ? kept : await this.#newSecret(token, { app, uid: UID, kind, note: 'nexus dev' })
    await writeEnvFile(path, { NEXUS_AUTHORITY: this.#served.origin, [variable]: secret })
    return path
  }

  async #newSecret(token: string, terms: object): Promise<string> {
    return ((await this.#ask(token, 'POST', ['secrets'], terms)) as { secret: string }).secret
  }

  #ask(token: string, method: 'GET' | 'PUT' | 'POST', parts: string[], body?: object): Promise<unknown> {
    const request = { method, path: pathOf(...parts), ...(body === undefined ? {} : { body }) }
    return askService({ url: this.#served.origin, token }, request)
  }
}

async function openAuthority(directory: string): Promise<Authority> {
  if (existsSync(authorityPath(directory))) {
    return readAuthority(directory)
  }

  const authority = await Authority.create({ network: NETWORK })
  await writeAuthority(directory, authority)
  return authority
}

/** The relay's credential file: its key stays, so that its addresses do. */
async function relayCredential(directory: string, authority: Authority): Promise<string> {
  const path = join(directory, 'relay.json')

  if (!existsSync(path)) {
    await writeCredentialFile(path, await issueCredential(authority, { ...RELAY, validForMs: YEARS_MS }))
  }

  return path
}
