import { SideProcess } from './side-process.ts'

/** The processes of one measurement. */
export class Stage {
  readonly #processes: SideProcess[] = []
  #cpuBefore = Number.NaN

  start(program: string): SideProcess {
    const process = new SideProcess(program)
    this.#processes.push(process)
    return process
  }

  /** All is warm, and what counts begins. */
  begin(): void {
    this.#cpuBefore = this.#cpu()
  }

  /** Processor time since `begin`, in ms; `undefined` where the system does not tell. */
  end(): number | undefined {
    const spent = this.#cpu() - this.#cpuBefore
    return Number.isNaN(spent) ? undefined : spent
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  #cpu(): number {
    return this.#processes.reduce((total, process) => total + (process.cpu() ?? Number.NaN), 0)
  }
}
