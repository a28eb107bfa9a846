/** What is attacked: a relay or a worker, in a process of its own. */

import { createRelay, type Relay, type RelayOptions } from '../../../relay/relay.ts'
import { createNexus } from '../../../src/index.ts'
import type { NexusOptions } from '../../../src/node/options.ts'
import type { Nexus } from '../../../src/types.ts'
import { answerCommands, cpuMs } from '../../support/command-process.ts'

export interface ServerCommands {
  startRelay: (options: RelayOptions) => Promise<string[]>
  /** A worker that answers `echo` at once, `slow` after 100 ms, and `busy` after 1 ms in which it does nothing else. */
  startWorker: (options: NexusOptions) => Promise<string[]>
  /** Resident memory, in bytes. */
  memory: () => number
  /** Processor time so far. */
  cpuMs: () => number
  stop: () => Promise<void>
}

let server: Relay | Nexus | undefined

const commands: ServerCommands = {
  async startRelay(options) {
    const relay = await createRelay(options)
    server = relay
    return relay.addresses
  },
  async startWorker(options) {
    const worker = await createNexus({
      ...options,
      handlers: {
        echo: ({ body }) => body,
        busy: ({ body }) => {
          const end = performance.now() + 1

          while (performance.now() < end) {}
          return body
        },
        slow: async ({ body }) => {
          await new Promise((resolve) => setTimeout(resolve, 100))
          return body
        }
      }
    })
    server = worker
    return worker.addresses
  },
  memory: () => process.memoryUsage.rss(),
  cpuMs,
  async stop() {
    await server?.stop()
    setTimeout(() => process.exit(), 10)
  }
}

answerCommands(commands)
