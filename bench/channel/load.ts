import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Messages published and not yet handed over: enough to fill batches, few enough to leave the memory alone. */
const IN_FLIGHT = 2_000

export interface Body {
  /** When it was published, in ns of the machine's monotonic clock; 0 when nobody wants to know. */
  at: number
  index: number
  text: string
}

/** Nanoseconds of the machine, the same for all processes on it. */
export const now = (): number => Number(process.hrtime.bigint())

export const bodyOf = (index: number, timed: boolean): Body => ({ at: timed ? now() : 0, index, text: 'x'.repeat(48) })

/** As fast as it goes. */
export async function flood(count: number, one: (body: Body) => Promise<void> | undefined): Promise<void> {
  const running: Array<Promise<void> | undefined> = []

  for (let index = 0; index < count; index++) {
    running.push(one(bodyOf(index, false)))

    if (running.length === IN_FLIGHT) {
      await running[IN_FLIGHT / 2]
      await Promise.all(running.splice(0, IN_FLIGHT / 2))
    }
  }
  await Promise.all(running)
}

/** One by one, with a pause between. */
export async function drip(
  count: number,
  pauseMs: number,
  one: (body: Body) => Promise<void> | undefined
): Promise<void> {
  for (let index = 0; index < count; index++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    await one(bodyOf(index, true))
  }
}

/** JSON lines, those of one turn of the event loop in one write. */
export function sendTcp(sockets: Socket[]): (body: Body) => Promise<void> | undefined {
  let lines: string[] = []
  let flushed: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    await new Promise(setImmediate)
    const chunk = lines.join('')
    lines = []
    flushed = undefined
    await Promise.all(sockets.map((socket) => (socket.write(chunk) ? undefined : once(socket, 'drain'))))
  }
  return (body) => {
    lines.push(`${JSON.stringify(body)}\n`)
    flushed ??= flush()
    return flushed
  }
}
