import { NexusError } from '../errors.ts'
import type { Nexus } from '../types.ts'
import { CallSites } from './call-sites.ts'
import { createBlock } from './create-block.ts'
import { type Enrolment, enrolmentOf } from './enrol/enrolment.ts'
import type { NexusOptions } from './options.ts'
import { releasing } from './releasing.ts'
import { nodePlatform } from './runtime/node.ts'

/**
 * Starts a block and joins the mesh. Resolves when the first bootstrap peer is connected; when there is none, or with
 * `waitForBootstrap: false`, as soon as this block listens. When none answers it rejects; with `waitForBootstrap: true`
 * it waits for one. From then on it stays connected by itself. End it with `stop`. When this rejects, nothing of the
 * block is left.
 *
 * With `authority` (or `NEXUS_AUTHORITY` and neither that nor `credential`), it enrols at that service first, or takes
 * the credential that it has kept. Once it runs it needs the service for new certificates alone: while that does not
 * answer it tries again, says so in its status, and works on for as long as the certificate lasts.
 *
 * Rejects with
 * - `INVALID`: a bad option, address or credential, an address that cannot be listened on, a credential file that is
 *   damaged or of another service, or Node before 22.12; the message names the culprit
 * - `REFUSED`: this block's certificate does not hold, the service gave none, or a bootstrap peer refused it or was
 *   refused, and none let it in; `reason` says why
 * - `UNREACHABLE`: no bootstrap peer answers (with `waitForBootstrap: true`: within `bootstrapTimeoutMs`), or there is no certificate and the service does not answer; the message
 *   says why, for each of them
 * - `CANCELLED`: `signal` aborted
 *
 * @example
 * ```ts
 * import { createNexus } from 'nexus-mesh'
 *
 * const nexus = await createNexus({ credential: 'anna.json', bootstrap: ['/dns4/relay.example.org/tcp/9700'] })
 * console.log(nexus.identity.jid)
 * await nexus.stop()
 * ```
 *
 * @example
 * ```ts
 * import { createNexus } from 'nexus-mesh'
 *
 * const secret = process.env.SERVICE_SECRET
 * const nexus = await createNexus({ authority: 'https://authority.example.org', secret })
 * ```
 */
export async function createNexus(options: NexusOptions = {}): Promise<Nexus> {
  return await new CallSites().run(createNexus, () => start(options))
}

async function start(options: NexusOptions): Promise<Nexus> {
  const enrolment = await enrolmentOf(options, process.env)

  if (enrolment === undefined) {
    return createBlock(options, nodePlatform)
  }

  const { authority: _authority, secret: _secret, resource: _resource, replicas: _replicas, ...others } = options
  return joinEnrolled(others, enrolment)
}

async function joinEnrolled(options: NexusOptions, enrolment: Enrolment): Promise<Nexus> {
  const { block, extras, release, another } = enrolment
  const bootstrap = enrolment.bootstrap.length > 0 ? enrolment.bootstrap : block.bootstrap
  const create = (waits: Pick<NexusOptions, 'waitForBootstrap'>): Promise<Nexus> =>
    createBlock({ ...options, ...waits, bootstrap, credential: block.credential }, nodePlatform, extras)

  try {
    // Whether its key is in use a replica knows when it has been let in.
    const starting =
      another === undefined ? create({}) : create({ waitForBootstrap: options.waitForBootstrap || 'once' })
    return releasing(await starting, release)
  } catch (error) {
    if (another !== undefined && error instanceof NexusError && error.reason === 'IN_USE') {
      return joinEnrolled(options, await another())
    }

    if (another !== undefined && options.waitForBootstrap === false && options.signal?.aborted !== true) {
      return joinEnrolled(options, { ...enrolment, another: undefined })
    }

    release()
    throw error
  }
}
