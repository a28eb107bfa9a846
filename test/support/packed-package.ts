import { execFile } from 'node:child_process'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
/** Made by whoever builds now: two at a time would write over each other's `dist`. */
const LOCK = join(ROOT, 'node_modules/.packing')
const STALE_MS = 120_000
const POLL_MS = 100
const run = promisify(execFile)

/** Builds the package and packs it as npm publishes it, into a directory. Gives the file's path. */
export async function packPackage(directory: string): Promise<string> {
  await locked()

  try {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory], { cwd: ROOT })
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
    return join(directory, filename)
  } finally {
    await rm(LOCK, { recursive: true })
  }
}

async function locked(): Promise<void> {
  const isTaken = (): Promise<boolean> =>
    mkdir(LOCK).then(
      () => false,
      () => true
    )

  while (await isTaken()) {
    const made = await stat(LOCK).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now()
    )

    // Whoever made it was killed.
    if (Date.now() - made > STALE_MS) {
      await rm(LOCK, { recursive: true, force: true })
    }
    await sleep(POLL_MS)
  }
}
