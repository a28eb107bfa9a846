/** The demo's page: joins the mesh as one of its users, and shows it. */
import { NexusError } from '../../../../errors.ts'
import { joinMesh } from '../../../../page/index.ts'
import type { Nexus, WorkerInfo } from '../../../../types.ts'
import { MeshModel, type View } from './model.ts'
import { onClick, showFailure, showMessage, showStatus } from './panel.ts'
import { Picture } from './picture.ts'

const SERVICE = 'etest'
/** How often this page tells what it is connected to, and looks for changes. */
const VIEW_MS = 2_000
const DRAW_MS = 300

const user = new URLSearchParams(location.search).get('user') ?? 'you'
const model = new MeshModel()
const picture = new Picture(document.querySelector<SVGSVGElement>('#picture')!)

for (const choice of document.querySelectorAll<HTMLInputElement>('[name=user]')) {
  choice.checked = choice.value === user
  choice.addEventListener('change', () => location.assign(`?user=${choice.value}`))
}

try {
  await show(await joinMesh({ url: `/nexus/certificate?user=${encodeURIComponent(user)}`, name: user }))
} catch (error) {
  showFailure(`not joined: ${(error as Error).message}`)
}

async function show(nexus: Nexus): Promise<void> {
  const { identity } = nexus
  showStatus(identity, nexus.status)
  nexus.onStatus((status) => showStatus(identity, status))
  setInterval(() => draw(nexus), DRAW_MS)
  draw(nexus)
  bindActions(nexus)
  await nexus.subscribe<View>('mesh.view', ({ body, from, itsMe }) => {
    model.hear(from, body, performance.now())

    if (!itsMe) {
      picture.move(from.peerId, identity.peerId, 'view')
    }
  })
  await nexus.subscribe('news', ({ body, from, itsMe }) => {
    showMessage('news', itsMe ? `${say(body)}, from this page` : say(body), from)

    if (!itsMe) {
      picture.move(from.peerId, identity.peerId, 'channel')
    }
  })
  // Who called whom is the worker's word, on a channel; the picture shows it to everybody.
  await nexus.subscribe<{ caller: string }>('mesh.calls', ({ body, from }) => {
    if (body.caller !== identity.peerId) {
      picture.move(body.caller, from.peerId, 'call')
    }
  })
  setInterval(() => void nexus.publish('mesh.view', viewOf(nexus)).catch(() => undefined), VIEW_MS)
}

function viewOf(nexus: Nexus): { peers: View['peers'] } {
  return { peers: nexus.peers.map(({ peer, path }) => ({ peerId: peer.peerId, path })) }
}

function draw(nexus: Nexus): void {
  const now = performance.now()

  for (const { peer } of nexus.peers) {
    model.see(peer, now)
  }

  model.hear(nexus.identity, viewOf(nexus), now)
  picture.draw(model.blocks(now), model.edges(), nexus.identity.peerId)
}

function bindActions(nexus: Nexus): void {
  const { peerId } = nexus.identity

  onClick('api', async () => {
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
    setTimeout(() => picture.move(worker.peerId, peerId, 'call'), 700)
    showMessage('api', `6 × 7 = ${result}, in ${took}`, worker)
  })

  onClick('direct', async () => {
    const worker = await sendDirect(nexus, await liveWorkers(nexus))
    picture.move(peerId, worker.peerId, 'call')
    showMessage('direct', `taken by ${worker.jid}`)
  })

  onClick('publish', async () => {
    const reached = await nexus.publish('news', { text: 'hello from the page' })
    showMessage('sent', `handed to ${reached} peers`)

    for (const { peer } of nexus.peers) {
      picture.move(peerId, peer.peerId, 'channel')
    }
  })

  onClick('find', async () => {
    const workers = await liveWorkers(nexus)
    showMessage(
      'find',
      `${workers.length} live: ${workers.map(({ uid, resource }) => `${uid}/${resource}`).join(', ')}`
    )
  })
}

async function liveWorkers(nexus: Nexus): Promise<[WorkerInfo, ...WorkerInfo[]]> {
  const [first, ...others] = await nexus.find({ app: SERVICE })

  if (first === undefined) {
    throw new Error(`no worker of ${SERVICE} is live`)
  }

  return [first, ...others]
}

/** Sends to the first worker that receives directs: not all do. Gives it. */
async function sendDirect(nexus: Nexus, [worker, ...others]: [WorkerInfo, ...WorkerInfo[]]): Promise<WorkerInfo> {
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
function anyOf(workers: [WorkerInfo, ...WorkerInfo[]]): [WorkerInfo, ...WorkerInfo[]] {
  const at = Math.floor(Math.random() * workers.length)
  return [...workers.slice(at), ...workers.slice(0, at)] as [WorkerInfo, ...WorkerInfo[]]
}

function say(body: unknown): string {
  const text = (body as { text?: unknown } | null)?.text
  return typeof text === 'string' ? text : JSON.stringify(body)
}
