/** Who is logged in at the site, in all of its tabs. */
export interface User {
  uid: string
  block: string
}

const tabs = new BroadcastChannel('session')

/** Who is logged in; `null` when nobody is. */
export function currentUser(): Promise<User | null> {
  return ask('GET')
}

export async function logIn(name: string, block: string): Promise<User | null> {
  const user = await ask('POST', { name, block })
  tabs.postMessage('changed')
  return user
}

export async function logOut(): Promise<void> {
  await ask('DELETE')
  tabs.postMessage('changed')
}

/** Another tab has logged in or out. */
export function onOtherTab(listener: () => void): void {
  tabs.addEventListener('message', listener)
}

async function ask(method: string, body?: object): Promise<User | null> {
  const response = await fetch('/session', {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })

  if (!response.ok) {
    throw new Error(await response.text())
  }

  return ((await response.json()) as { user: User | null }).user
}
