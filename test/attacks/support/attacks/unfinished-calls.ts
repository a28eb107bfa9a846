import { MAX_IN_FLIGHT } from '../../../../src/constants.ts'
import { KIND } from '../../../../src/protocols/session/frame.ts'
import type { Attack } from '../attack.ts'
import { rogue } from '../rogue.ts'

const KEYS = 5
const CMD = 'c'.repeat(52_000)

/** Calls whose bodies never come to an end. */
export const unfinishedCalls: Attack = {
  what: '5 keys, 4,096 unfinished calls each, their commands 52 kB long',
  async begin({ relay }) {
    let bytes = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        const session = await (await rogue(relay)).session()

        for (let index = 0; index < MAX_IN_FLIGHT && session.isOpen; index++) {
          const call = { kind: KIND.REQUEST, id: 2 * index + 1, cmd: CMD, size: 2, body: Uint8Array.of(0x31) }
          await session.send({ ...call, timeoutMs: 600_000 })
          bytes += CMD.length
        }
        await new Promise((resolve) => setTimeout(resolve, 5_000))
      }
    }
    for (let index = 0; index < KEYS; index++) {
      void fill()
    }
    return () => `${Math.round(bytes / 2 ** 20)} MiB of commands`
  }
}
