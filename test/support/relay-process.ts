import { createRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'
import { answerCommands, CommandProcess } from './command-process.ts'

/** What the parent asks of a relay. */
interface RelayCommands {
  /** Gives the relay's addresses. */
  start: (options: RelayOptions) => Promise<string[]>
  stop: () => Promise<void>
}

/** A relay in an operating-system process of its own, which can be killed. */
export class RelayProcess extends CommandProcess<RelayCommands> {
  /** `launcher`: see `CommandProcess`. */
  constructor(launcher: readonly string[] = []) {
    super(new URL(import.meta.url).pathname, [], {}, launcher)
  }

  /** Stops the relay in order, and ends the process. */
  async stop(): Promise<void> {
    if (!this.ended) {
      await this.run('stop')
      await this.end()
    }
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  let relay: Relay | undefined

  answerCommands<RelayCommands>({
    async start(options) {
      relay = await createRelay(options)
      return relay.addresses
    },
    stop: async () => relay?.stop()
  })
}
