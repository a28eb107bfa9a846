import type { Identity, NexusStatus } from '../../../../types.ts'

/** Messages that stay in the list. */
const KEPT = 40

const byId = (id: string): HTMLElement => document.getElementById(id)!

/** Shows how the block stands with the mesh. */
export function showStatus(identity: Identity | undefined, { state, message, notices }: NexusStatus): void {
  const status = byId('status')
  status.dataset.state = state
  status.textContent = [identity?.jid, state, message].filter((text) => text !== undefined && text !== '').join(' · ')
  byId('notices').replaceChildren(...notices.map((notice) => item(notice.message)))
}

/** Shows why the page could not join. */
export function showFailure(message: string): void {
  byId('status').dataset.state = 'offline'
  byId('status').textContent = message
}

/** Adds a line to the messages; the sender as its certificate says. */
export function showMessage(kind: string, text: string, from?: Identity): void {
  const line = item('')
  const name = document.createElement('b')
  name.textContent = kind
  const said = document.createElement('span')
  said.textContent = text
  line.append(name, said)

  if (from !== undefined) {
    const sender = document.createElement('code')
    sender.textContent = `from ${from.jid}`
    line.append(sender)
  }

  if (kind === 'refused' || kind === 'failed') {
    line.className = 'bad'
  }

  const log = byId('log')
  log.prepend(line)

  while (log.childElementCount > KEPT) {
    log.lastElementChild?.remove()
  }
}

/** Runs some work on a click, and shows what it fails with. The button rests meanwhile. */
export function onClick(id: string, work: () => Promise<void>): void {
  const button = byId(id) as HTMLButtonElement
  button.addEventListener('click', () => {
    button.disabled = true
    work()
      .catch((error: Error & { code?: string }) =>
        showMessage(error.code === 'FORBIDDEN' ? 'refused' : 'failed', `${error.code ?? ''}: ${error.message}`)
      )
      .finally(() => {
        button.disabled = false
        button.focus({ preventScroll: true })
      })
  })
}

function item(text: string): HTMLLIElement {
  const made = document.createElement('li')
  made.textContent = text
  return made
}
