import type { Nexus, NexusError, NexusStatus } from 'nexus-mesh'
import { joinMesh } from 'nexus-mesh/page'

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id)

element<HTMLFormElement>('login').addEventListener('submit', (event) => {
  event.preventDefault()
  run(logIn)
})

/** Logs in at the site, and joins the mesh as its user. */
async function logIn(): Promise<void> {
  const response = await fetch('/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: input('name').value, block: element<HTMLSelectElement>('block').value })
  })

  if (!response.ok) {
    throw new Error(await response.text())
  }

  element('login').hidden = true
  element('status').textContent = 'Joining …'

  try {
    await start(await joinMesh())
  } catch (error) {
    element('login').hidden = false
    throw error
  }
}

async function start(nexus: Nexus): Promise<void> {
  show(nexus, nexus.status)
  nexus.onStatus((status) => show(nexus, status))
  element('mesh').hidden = false

  onSubmit('multiply', async () => {
    const body = { a: Number(input('a').value), b: Number(input('b').value) }
    const { result } = await nexus.api<{ result: number }>({ app: 'etest', cmd: 'multiply', body })
    log(`${body.a} × ${body.b} = ${result}`)
  })

  onSubmit('say', async () => {
    await nexus.publish('news', { text: input('text').value })
  })

  element('find').addEventListener('click', () =>
    run(async () => {
      const workers = await nexus.find({ app: 'etest' })
      log(workers.length === 0 ? 'no worker of etest is live' : `workers: ${workers.map(({ jid }) => jid).join(', ')}`)
    })
  )

  // Who sent a message is what its certificate says, never what the message says.
  await nexus.subscribe('news', ({ body, from, itsMe }) =>
    log(`news from ${itsMe ? 'this page' : from.jid}: ${JSON.stringify(body)}`)
  )
}

function show({ identity }: Nexus, { state, message, notices }: NexusStatus): void {
  const status = element('status')
  const more = [message, ...notices.map((notice) => notice.message)].filter((text) => text !== '')
  status.dataset.state = state
  status.textContent = [`${identity.jid} is ${state}`, ...more].join(' · ')
}

function onSubmit(form: string, work: () => Promise<void>): void {
  element<HTMLFormElement>(form).addEventListener('submit', (event) => {
    event.preventDefault()
    run(work)
  })
}

function run(work: () => Promise<void>): void {
  work().catch((error: NexusError) => log(`${error.code ?? 'failed'}: ${error.message}`))
}

function log(text: string): void {
  const line = document.createElement('li')
  line.textContent = text
  element('log').prepend(line)

  if (element('mesh').hidden) {
    element('status').textContent = text
  }
}
