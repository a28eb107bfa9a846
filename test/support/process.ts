import { once } from 'node:events'
import type { Commands } from './block-process.ts'
import { CommandProcess } from './command-process.ts'

const SHIFTED_CLOCK = new URL('./shifted-clock.ts', import.meta.url).href
const PROGRAM = new URL('./block-process.ts', import.meta.url).pathname

export interface BlockProcessInit {
  clockShiftMs?: number
  env?: Record<string, string>
  launcher?: readonly string[]
}

/** A block in an operating-system process of its own. */
export class BlockProcess extends CommandProcess<Commands> {
  /** Called with the id of each `count` call when its handler runs. */
  onExecuted: ((id: string) => void) | undefined

  /**
   * Its clock is set forward by `clockShiftMs`; `env` comes beside this process's environment; `launcher`: see
   * `CommandProcess`.
   */
  constructor({ clockShiftMs = 0, env = {}, launcher }: BlockProcessInit = {}) {
    super(PROGRAM, clockShiftMs === 0 ? [] : ['--import', `${SHIFTED_CLOCK}?ms=${clockShiftMs}`], env, launcher)
    this.child.on('message', ({ executed }: { executed?: string }) => {
      if (executed !== undefined) {
        this.onExecuted?.(executed)
      }
    })
  }

  /** Leaves the mesh in order, and waits for the process to end. */
  async stop(): Promise<void> {
    if (!this.ended) {
      const exited = once(this.child, 'exit')
      await this.run('stop').catch(() => this.kill())
      await exited
    }
  }
}
