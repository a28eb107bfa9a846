/** The demo's page: joins the mesh as one of its users, and shows it. */
import { joinMesh } from '../../../../page/index.ts'
import type { Nexus, NexusStatus } from '../../../../types.ts'
import { bindActions } from './actions.ts'
import { Details } from './details.ts'
import { MessageList } from './message-list.ts'
import { MeshModel, type View } from './model.ts'
import { showFailure, showStatus } from './panel.ts'
import { Picture } from './picture.ts'
import { forPeople } from './text.ts'

/** How often this page tells what it is connected to, and looks for changes. */
const VIEW_MS = 2_000
const DRAW_MS = 300

const user = new URLSearchParams(location.search).get('user') ?? 'you'
const model = new MeshModel()
const messages = new MessageList()
const picture = new Picture(document.querySelector<SVGSVGElement>('#picture')!)
const plain = (text: string): string => forPeople(text, (peerId) => model.nameOf(peerId))

for (const choice of document.querySelectorAll<HTMLInputElement>('[name=user]')) {
  choice.checked = choice.value === user
  choice.addEventListener('change', () => location.assign(`?user=${choice.value}`))
}

picture.drawGhosts(user)
const joined = joinMesh({ url: `/nexus/certificate?user=${encodeURIComponent(user)}`, name: user })
bindActions(joined, picture, plain)

try {
  await show(await joined)
} catch (error) {
  showFailure(`not joined: ${plain((error as Error).message)}`)
}

async function show(nexus: Nexus): Promise<void> {
  const { identity } = nexus
  const details = new Details(nexus, model)
  const tell = (status: NexusStatus): void => showStatus(identity, status, plain(status.message))
  tell(nexus.status)
  nexus.onStatus(tell)
  picture.onChoose = (peerId) => {
    details.choose(peerId)
    draw(nexus, details)
  }
  setInterval(() => draw(nexus, details), DRAW_MS)
  draw(nexus, details)
  await follow(nexus)
  setInterval(() => void nexus.publish('mesh.view', viewOf(nexus)).catch(() => undefined), VIEW_MS)
}

async function follow(nexus: Nexus): Promise<void> {
  const { peerId: self } = nexus.identity
  await nexus.subscribe<View>('mesh.view', ({ body, from, itsMe }) => {
    if (!itsMe) {
      model.hear(from, body, performance.now())
      picture.move(from.peerId, self, 'view')
    }
  })
  await nexus.subscribe('news', ({ body, from, itsMe }) => {
    model.message(from, 'news', performance.now())
    messages.add('news', itsMe ? `${say(body)}, from this page` : say(body), from)

    if (!itsMe) {
      picture.move(from.peerId, self, 'channel')
    }
  })
  // Who called whom is the worker's word, on a channel; the picture shows it to everybody.
  await nexus.subscribe<{ caller: string }>('mesh.calls', ({ body, from }) => {
    model.message(from, 'call', performance.now())
    messages.add('call', `was called by ${body.caller === self ? 'this page' : model.nameOf(body.caller)}`, from)

    if (body.caller !== self) {
      picture.move(body.caller, from.peerId, 'call')
    }
  })
}

function viewOf(nexus: Nexus): { peers: View['peers'] } {
  return { peers: nexus.peers.map(({ peer, path }) => ({ peerId: peer.peerId, path })) }
}

function draw(nexus: Nexus, details: Details): void {
  const now = performance.now()

  for (const { peer } of nexus.peers) {
    model.see(peer, now)
  }

  model.hear(nexus.identity, viewOf(nexus), now)
  picture.draw(model.blocks(now), model.edges(), { self: nexus.identity.peerId, chosen: details.chosen })
  details.show()
}

function say(body: unknown): string {
  const text = (body as { text?: unknown } | null)?.text
  return typeof text === 'string' ? text : JSON.stringify(body)
}
