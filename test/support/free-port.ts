import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): those of other specs would
 * take a port between this look at it and its use.
 */
const FIRST = 20_000
const LAST = 32_000

/** A TCP port on which nobody listens now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST)

    if (await isFree(port)) {
      return port
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port)

  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
