import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const require = createRequire(import.meta.url)
const STARTS_WITHIN_MS = 10_000

/** A peer is not on this machine; the message says what installs it. */
export class MissingPeer extends Error {}

/** A package of the bench. The types are those that its use here needs, as the library does not install it. */
export function packageOf<T>(name: string): T {
  try {
    return require(name) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') {
      throw new MissingPeer(`${name} is missing: npm ci --prefix bench`)
    }
    throw error
  }
}

/** Starts a server that listens on this port of loopback. It ends with this process. */
export async function startServer(command: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' })
  await spawned(child, command)
  process.once('exit', () => child.kill())
  const end = performance.now() + STARTS_WITHIN_MS

  while (!(await accepts(port))) {
    if (performance.now() > end || child.exitCode !== null) {
      throw new Error(`${command} did not start on port ${port}`)
    }
    await pause(20)
  }
}

/** Resolves when a command of this name runs. */
export async function spawned(child: ChildProcess, command: string): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw isMissing ? new MissingPeer(`${command} is missing: apt-get install ${command}`) : error
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
