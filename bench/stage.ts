import { SideProcess } from './side-process.ts'

/** The processes of one measurement. */
export class Stage {
  readonly #processes: SideProcess[] = []
  #beganAt = Number.NaN
  #cpuBefore = Number.NaN

  start(program: string): SideProcess {
    const process = new SideProcess(program)
    this.#processes.push(process)
    return process
  }

  /** All is warm, and what counts begins. */
  begin(): void {
    this.#beganAt = performance.now()
    this.#cpuBefore = this.#cpu()
  }

  /** Processor time since `begin`, in ms for each second; `undefined` where the system does not tell. */
  end(): number | undefined {
    const spent = (this.#cpu() - this.#cpuBefore) / ((performance.now() - this.#beganAt) / 1_000)
    return Number.isNaN(spent) ? undefined : spent
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  #cpu(): number {
    return this.#processes.reduce((sum, process) => sum + (process.cpu() ?? Number.NaN), 0)
  }
}
