import type { Nexus, NexusError, NexusStatus } from 'nexus-mesh'
import { Membership } from './membership.ts'
import { currentUser, logIn, logOut, onOtherTab, type User } from './session.ts'

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id)

const membership = new Membership()
/** The block that the page shows. */
let shown: Nexus | undefined

onSubmit('login', async () => show(await logIn(input('name').value, element<HTMLSelectElement>('block').value)))
onClick('logout', async () => {
  await logOut()
  await show(null)
})
onClick('again', async () => show(await currentUser()))
onSubmit('multiply', async () => {
  const body = { a: Number(input('a').value), b: Number(input('b').value) }
  const reply = await shown?.api<{ result: number }>({ app: 'etest', cmd: 'multiply', body })
  log(`${body.a} × ${body.b} = ${reply?.result}`)
})
onSubmit('say', async () => void (await shown?.publish('news', { text: input('text').value })))
onClick('find', async () => {
  const workers = (await shown?.find({ app: 'etest' })) ?? []
  log(workers.length === 0 ? 'no worker of etest is live' : `workers: ${workers.map(({ jid }) => jid).join(', ')}`)
})

// What another tab has done counts here too, and a reload goes on where it was.
const refresh = (): void => run(async () => show(await currentUser()))
onOtherTab(refresh)
refresh()

/** Shows the page of a user, or of nobody. */
async function show(user: User | null): Promise<void> {
  element('login').hidden = user !== null
  element('logout').hidden = user === null
  element('again').hidden = true

  if (user === null) {
    element('mesh').hidden = true
    say('Not logged in.')
    shown = undefined
    await membership.leave()
    element('log').replaceChildren()
    return
  }

  if (shown === undefined) {
    say(`Joining as ${user.uid} …`)
  }

  try {
    const nexus = await membership.enter(user)

    if (nexus !== shown) {
      shown = nexus
      await follow(nexus)
    }
  } catch (error) {
    element('again').hidden = false
    throw error
  }
}

async function follow(nexus: Nexus): Promise<void> {
  tell(nexus, nexus.status)
  nexus.onStatus((status) => nexus === shown && tell(nexus, status))
  element('mesh').hidden = false

  // Who sent a message is what its certificate says, never what the message says.
  await nexus.subscribe('news', ({ body, from, itsMe }) =>
    log(`news from ${itsMe ? 'this page' : from.jid}: ${JSON.stringify(body)}`)
  )
}

function tell({ identity }: Nexus, { state, message, notices }: NexusStatus): void {
  const more = [message, ...notices.map((notice) => notice.message)].filter((text) => text !== '')
  say([`${identity.jid} is ${state}`, ...more].join(' · '), state)
}

function say(text: string, state = ''): void {
  const status = element('status')
  status.dataset.state = state
  status.textContent = text
}

function log(text: string): void {
  const line = document.createElement('li')
  line.textContent = text
  element('log').prepend(line)
}

function onSubmit(form: string, work: () => Promise<void>): void {
  element<HTMLFormElement>(form).addEventListener('submit', (event) => {
    event.preventDefault()
    run(work, event.submitter)
  })
}

function onClick(button: string, work: () => Promise<void>): void {
  element(button).addEventListener('click', () => run(work, element(button)))
}

/** Runs something, and says what went wrong. Its button waits for it. */
function run(work: () => Promise<void>, button: HTMLElement | null = null): void {
  button?.setAttribute('disabled', '')
  work()
    .catch(({ code, message }: NexusError) => {
      const text = `${code ?? 'failed'}: ${message}`
      return element('mesh').hidden ? say(text) : log(text)
    })
    .finally(() => button?.removeAttribute('disabled'))
}
