import { Socket } from 'node:net'
import { defaultLogger } from '@libp2p/logger'
import { NexusError } from '../errors.ts'
import { printHandlerError } from '../lib/handler-errors.ts'
import { createNexus } from '../node/create.ts'
import type { NexusOptions } from '../node/options.ts'
import type { HandlerErrorContext, Nexus } from '../types.ts'
import { Link } from './link.ts'
import { PipeStream } from './pipe-stream.ts'

/** How often it is looked whether the program is still there: it may have died without closing the pipe. */
const PARENT_CHECK_MS = 100
/** The block has so long to leave the mesh in order: whoever started it is gone or has asked for that before. */
const LEAVE_MS = 300
const STDOUT = 1

/** Speaks the link on standard input and output until it ends; gives the exit code. */
export async function runSidecar(packageVersion: string): Promise<number> {
  const parent = process.ppid
  const ended = Promise.withResolvers<{ exitCode: number; reason?: string }>()
  const log = defaultLogger().forComponent('nexus:sidecar')

  if (process.stdin.isTTY === true || process.stdout.isTTY === true) {
    process.stderr.write(
      'nexus sidecar: not for people: a program that speaks the link on stdin and stdout starts it\n'
    )
    return 1
  }

  // Not `process.stdout`, whose writes to a pipe block this process while the program does not read.
  const output = new Socket({ fd: STDOUT, readable: false, writable: true })
  // Whatever else prints must not get between the frames.
  process.stdout.write = process.stderr.write.bind(process.stderr)
  const link = new Link({
    stream: new PipeStream({ input: process.stdin, output, log }),
    packageVersion,
    join,
    onEnd: (exitCode, reason) => ended.resolve({ exitCode, reason }),
    log
  })
  const watch = setInterval(() => {
    if (process.ppid !== parent) {
      ended.resolve({ exitCode: 0 })
    }
  }, PARENT_CHECK_MS)
  // Ctrl-C in a terminal and a service manager's SIGTERM reach the program too. It may still call before it ends, and
  // this ends with it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => undefined)
  }

  const { exitCode, reason } = await ended.promise
  clearInterval(watch)

  if (reason !== undefined) {
    process.stderr.write(`nexus sidecar: ${reason}\n`)
  }

  await Promise.race([link.stop().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LEAVE_MS))])
  return exitCode
}

/** Starts the block that the program describes. Its options are those of `createNexus` that a file can hold. */
async function join({ resource, ...options }: Record<string, unknown>): Promise<Nexus> {
  const authority = process.env.NEXUS_AUTHORITY || undefined

  if (typeof options.credential !== 'string' && authority === undefined) {
    throw new NexusError('INVALID', 'no credential: give the path of its file, or set NEXUS_CREDENTIAL')
  }

  const nexus = await createNexus({
    ...(options as unknown as NexusOptions),
    ...(authority === undefined ? {} : { authority, resource: resource as string | undefined }),
    waitForBootstrap: false,
    onHandlerError
  })

  if (resource !== undefined && resource !== nexus.identity.resource) {
    await nexus.stop()
    throw new NexusError(
      'INVALID',
      `the certificate is of the resource '${nexus.identity.resource}', not of '${String(resource)}'`
    )
  }

  return nexus
}

// What a command of the program failed with, the program has printed itself.
function onHandlerError(error: unknown, context: HandlerErrorContext): void {
  if (context.kind !== 'api') {
    printHandlerError(error, context)
  }
}
