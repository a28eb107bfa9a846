import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { until } from './until.ts'

const PROGRAM = new URL('../../src/cli/main.ts', import.meta.url).pathname

export interface ProgramOptions {
  cwd?: string
  env?: Record<string, string>
  /** What it reads on stdin. Default: nothing. */
  input?: string
}

export interface Ended {
  /** The exit code; `null` when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

/** The program `nexus` in a process of its own. */
export class NexusProgram {
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess

  constructor(args: readonly string[], { cwd, env, input = '' }: ProgramOptions = {}) {
    const { NEXUS_CREDENTIAL: _credential, NEXUS_BOOTSTRAP: _bootstrap, DEBUG: _debug, ...inherited } = process.env
    delete inherited.NEXUS_AUTHORITY
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: { ...inherited, ...env } })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk
    })
    // A program that ends without reading its input closes the pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }))
    })
  }

  /** Waits until what it printed matches. */
  async printed(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    let ended = false
    void this.ended.then(() => {
      ended = true
    })
    await until(() => ended || pattern.test(this[stream]), `${pattern} on ${stream}`, 60_000)
    const match = pattern.exec(this[stream])

    if (match === null) {
      throw new Error(`it ended without ${pattern} on ${stream}: ${this.stdout} ${this.stderr}`)
    }

    return match
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** Runs `nexus` to its end. */
export function nexus(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return new NexusProgram(args, options).ended
}

/** Runs any program of Node to its end. */
export function node(args: readonly string[], cwd?: string): Promise<Ended> {
  return run(process.execPath, args, { cwd })
}

/** Runs any program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env }: Omit<ProgramOptions, 'input'> = {}
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await ended, stdout, stderr }
}

/** The lines of an output, each read as JSON. */
export function jsonLines(output: string): any[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
