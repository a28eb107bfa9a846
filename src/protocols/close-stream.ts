import type { Stream } from '@libp2p/interface'
import { NexusError } from '../errors.ts'

/** How long the peer has to close its side as well, in ms. */
const CLOSE_GRACE_MS = 1_000

/** Lets a stream send what it has and closes it; resolves when both sides are closed. Cuts it off after 1 s. */
export async function closeStream(stream: Stream): Promise<void> {
  if (stream.status !== 'open') {
    return
  }

  const closed = new Promise<void>((resolve) => {
    stream.addEventListener('close', () => resolve(), { once: true })
  })
  const timer = setTimeout(
    () => stream.abort(new NexusError('TIMEOUT', `the peer did not close its side within ${CLOSE_GRACE_MS} ms`)),
    CLOSE_GRACE_MS
  )

  stream.close().catch((error) => stream.abort(error))
  await closed
  clearTimeout(timer)
}
