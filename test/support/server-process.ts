import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from './until.ts'

/** A program of Node that serves HTTP. */
export class ServerProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts it, and waits until `origin` answers. Fails with what it printed when it ends before. */
  static async start(
    args: readonly string[],
    origin: string,
    { cwd, env = {} }: { cwd: string; env?: Record<string, string> }
  ): Promise<ServerProcess> {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const answers = (): Promise<boolean> =>
      fetch(origin).then(
        () => true,
        () => false
      )
    await until(
      async () => child.exitCode !== null || (await answers()),
      () => said,
      60_000
    )
    assert.equal(child.exitCode, null, said)
    return new ServerProcess(child)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
  }
}
