/**
 * Runs a function in a later turn of the event loop, after what waits there now: input, timers, answers. In a page it
 * is a message to itself, as timers are slowed down there.
 */
export const inNextTurn: (run: () => void) => void =
  typeof globalThis.setImmediate === 'function' ? (run) => globalThis.setImmediate(run) : byMessage()

function byMessage(): (run: () => void) => void {
  const { port1, port2 } = new MessageChannel()
  const waiting: Array<() => void> = []
  port1.onmessage = () => waiting.shift()?.()
  return (run) => {
    waiting.push(run)
    port2.postMessage(undefined)
  }
}
