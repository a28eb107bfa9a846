/** A block in a process of its own, told by its parent what to do: see `BlockProcess`. */

import { readFileSync } from 'node:fs'
import { createNexus } from '../../src/index.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { ApiRequest, ChannelMessage, DirectRequest, FindRequest, Nexus, NexusStatus } from '../../src/types.ts'
import { answerCommands } from './command-process.ts'
import { measurePath, type PathMeasured, type PathQuestion } from './nat/measure-path.ts'

/** What the parent asks; each answers with JSON. */
export interface Commands {
  start: (options: NexusOptions) => Promise<{ peerId: string; addresses: string[] }>
  /**
   * Serves commands that tests use: `echo`, `whoami`, `count` (which takes the `ms` of its body), `block` (which lets
   * nothing else in the process run for the ms that are its body).
   */
  serve: () => void
  /** From now on `count` never answers. */
  hold: () => void
  api: (request: ApiRequest) => Promise<unknown>
  direct: (request: DirectRequest) => Promise<void>
  find: (request: FindRequest) => Promise<unknown>
  /** Whether the process has loaded a native library whose file has this in its name. Linux only. */
  hasMapped: (name: string) => boolean
  measurePath: (question: PathQuestion) => Promise<PathMeasured>
  subscribe: (channel: string) => Promise<string>
  publish: (channel: string, body: string) => Promise<number>
  /** Stops the block; another may be started in its place. */
  leave: () => Promise<void>
  status: () => NexusStatus
  /** Sets a clock that was set forward anew. */
  setClock: (shiftMs: number) => void
  /** How many messages each `onGap` said to be missed. */
  gaps: () => number[]
  received: () => Array<{ kind: string; body: unknown; from: string; itsMe?: boolean; itsBro?: boolean }>
  stop: () => Promise<void>
}

let nexus: Nexus
let holding = false
const received: ReturnType<Commands['received']> = []
const gaps: number[] = []

const commands: Commands = {
  async start(options) {
    nexus = await createNexus(options)
    nexus.ready()
    return { peerId: nexus.identity.peerId, addresses: nexus.addresses }
  },
  serve() {
    nexus.handle('echo', ({ body }) => body)
    nexus.handle('whoami', ({ from }) => ({ ...from, worker: nexus.identity.peerId }))
    nexus.handle<{ id: number; ms?: number }>('count', async ({ body }) => {
      process.send?.({ executed: body.id })
      await new Promise((resolve) => holding || setTimeout(resolve, body.ms ?? 0))
      return { id: body.id, worker: nexus.identity.peerId }
    })
    nexus.handle<number>('block', ({ body }) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, body)
      return body
    })
    nexus.onDirect(({ body, from }) => received.push({ kind: 'direct', body, from: from.jid }))
  },
  hold() {
    holding = true
  },
  api: (request) => nexus.api(request),
  direct: (request) => nexus.direct(request),
  find: (request) => nexus.find(request),
  hasMapped: (name) => readFileSync('/proc/self/maps', 'utf8').includes(name),
  measurePath: (question) => measurePath(nexus, question),
  async subscribe(channel) {
    const handler = ({ body, from, itsMe, itsBro }: ChannelMessage): void => {
      received.push({ kind: channel, body, from: from.jid, itsMe, itsBro })
    }
    const { reach } = await nexus.subscribe(channel, handler, { onGap: ({ missed }) => gaps.push(missed) })
    return reach
  },
  publish: (channel, body) => nexus.publish(channel, body),
  leave: () => nexus.stop(),
  status: () => nexus.status,
  setClock(shiftMs) {
    process.env.CLOCK_SHIFT_MS = `${shiftMs}`
  },
  gaps: () => gaps,
  received: () => received,
  async stop() {
    await nexus.stop()
    // After the answer has gone out.
    setTimeout(() => process.disconnect(), 10)
  }
}

answerCommands(commands)
