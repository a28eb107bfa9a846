import type { Identity, NexusStatus } from '../../../../types.ts'
import { lineOf } from './message-list.ts'
import { textElement } from './text.ts'

/** Results that stay in the list. */
const KEPT = 5

const byId = (id: string): HTMLElement => document.getElementById(id)!

/** Shows how the block stands with the mesh. */
export function showStatus(identity: Identity, { state, notices }: NexusStatus, message: string): void {
  const status = byId('status')
  status.dataset.state = state
  status.textContent = [identity.jid, state, message].filter((text) => text !== '').join(' · ')
  byId('notices').replaceChildren(...notices.map((notice) => textElement('li', notice.message)))
}

/** Shows why the page could not join. */
export function showFailure(message: string): void {
  byId('status').dataset.state = 'offline'
  byId('status').textContent = message
}

/** Adds to what this page did; the other side as its certificate says. */
export function showResult(kind: string, text: string, from?: Identity): void {
  const line = lineOf({ kind, text, sender: from?.jid })
  const results = byId('results')
  results.querySelector('.empty')?.remove()

  if (kind === 'refused' || kind === 'failed') {
    line.className = 'bad'
  }

  results.prepend(line)

  while (results.childElementCount > KEPT) {
    results.lastElementChild?.remove()
  }
}

/** Runs some work on a click, and shows what it fails with. The button says that it waits meanwhile. */
export function onClick(id: string, work: () => Promise<void>, forPeople: (text: string) => string): void {
  const button = byId(id)
  button.addEventListener('click', () => {
    if (button.ariaBusy === 'true') {
      return
    }

    button.ariaBusy = 'true'
    work()
      .catch((error: Error & { code?: string }) => {
        const text = [error.code, forPeople(error.message)].filter((part) => part !== undefined).join(': ')
        showResult(error.code === 'FORBIDDEN' ? 'refused' : 'failed', text)
      })
      .finally(() => {
        button.ariaBusy = 'false'
      })
  })
}
