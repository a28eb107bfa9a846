import type { Profile } from './profile/recorder.ts'
import { SideProcess } from './side-process.ts'
import { sum } from './statistics.ts'

/** The processes of one measurement. */
export class Stage {
  readonly #processes: SideProcess[] = []
  readonly #isProfiled: boolean
  #cpuBefore = Number.NaN
  /** Of what lay between `begin` and `end`, where it was asked for. */
  profiles: Profile[] = []

  constructor({ isProfiled = false } = {}) {
    this.#isProfiled = isProfiled
  }

  start(program: string): SideProcess {
    const process = new SideProcess(program)
    this.#processes.push(process)
    return process
  }

  /** All is warm, and what counts begins. */
  async begin(): Promise<void> {
    if (this.#isProfiled) {
      await Promise.all(this.#processes.map((process) => process.startProfile()))
    }
    this.#cpuBefore = this.#cpu()
  }

  /** Processor time since `begin`, in ms; `undefined` where the system does not tell. */
  async end(): Promise<number | undefined> {
    const spent = this.#cpu() - this.#cpuBefore

    if (this.#isProfiled) {
      this.profiles = await Promise.all(this.#processes.map((process) => process.stopProfile()))
    }
    return Number.isNaN(spent) ? undefined : spent
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  #cpu(): number {
    return sum(this.#processes.map((process) => process.cpu() ?? Number.NaN))
  }
}
