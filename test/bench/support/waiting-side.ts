/** A side that never ends by itself, nor does what it starts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { answerOrders } from '../../../bench/side-process.ts'

answerOrders(async () => {
  const server = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  await once(server, 'spawn')
  setInterval(() => undefined, 1_000)
  return process.pid
})
