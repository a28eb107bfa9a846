/** What the buttons of the demo's page do. */
import { NexusError } from '../../../../errors.ts'
import type { Nexus, WorkerInfo } from '../../../../types.ts'
import { onClick, showResult } from './panel.ts'
import type { Picture } from './picture.ts'

const SERVICE = 'etest'
/** When the answer of a call sets out in the picture. */
const ANSWER_MS = 700

type Workers = [WorkerInfo, ...WorkerInfo[]]

/** Binds the buttons at once: what is pressed before the page has joined waits for that, or says why it cannot. */
export function bindActions(joined: Promise<Nexus>, picture: Picture, forPeople: (text: string) => string): void {
  const bind = (id: string, work: (nexus: Nexus) => Promise<void>): void =>
    onClick(id, async () => work(await joined), forPeople)

  bind('api', async (nexus) => {
    const { peerId } = nexus.identity
    const [worker] = anyOf(await liveWorkers(nexus))
    const start = performance.now()
    const { result } = await nexus.api<{ result: number }>({
      app: SERVICE,
      peer: worker.peerId,
      cmd: 'multiply',
      body: { a: 6, b: 7 }
    })
    const took = `${(performance.now() - start).toFixed(0)} ms`
    picture.move(peerId, worker.peerId, 'call')
    setTimeout(() => picture.move(worker.peerId, peerId, 'call'), ANSWER_MS)
    showResult('api', `6 × 7 = ${result}, in ${took}`, worker)
  })

  bind('direct', async (nexus) => {
    const worker = await sendDirect(nexus, await liveWorkers(nexus))
    picture.move(nexus.identity.peerId, worker.peerId, 'call')
    showResult('direct', `taken by ${worker.jid}`)
  })

  bind('publish', async (nexus) => {
    const reached = await nexus.publish('news', { text: 'hello from the page' })
    showResult('sent', `handed to ${reached} peers`)

    for (const { peer } of nexus.peers) {
      picture.move(nexus.identity.peerId, peer.peerId, 'channel')
    }
  })

  bind('find', async (nexus) => {
    const workers = await liveWorkers(nexus)
    const names = workers.map(({ uid, resource }) => `${uid}/${resource}`).join(', ')
    showResult('find', `${workers.length} live: ${names}`)
  })
}

async function liveWorkers(nexus: Nexus): Promise<Workers> {
  const [first, ...others] = await nexus.find({ app: SERVICE })

  if (first === undefined) {
    throw new Error(`no worker of ${SERVICE} is live`)
  }

  return [first, ...others]
}

/** Sends to the first worker that receives directs: not all do. Gives it. */
async function sendDirect(nexus: Nexus, [worker, ...others]: Workers): Promise<WorkerInfo> {
  try {
    await nexus.direct({ app: SERVICE, peer: worker.peerId, body: { hello: 'from the page' } })
    return worker
  } catch (error) {
    const [next, ...rest] = others

    if (next === undefined || !(error instanceof NexusError && error.code === 'NO_HANDLER')) {
      throw error
    }
    return sendDirect(nexus, [next, ...rest])
  }
}

/** The same workers, another one first. */
function anyOf(workers: Workers): Workers {
  const at = Math.floor(Math.random() * workers.length)
  return [...workers.slice(at), ...workers.slice(0, at)] as Workers
}
