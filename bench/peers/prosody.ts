/** XMPP through prosody, plaintext, with accounts that nobody has to make. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { packageOf, startServer } from './install.ts'

export interface Element {
  attrs: Record<string, string>
  getChildText: (name: string) => string | null
  getChild: (name: string, namespace?: string) => Element | undefined
  text: () => string
}

export interface XmppClient {
  jid: { toString: () => string; resource: string }
  start: () => Promise<unknown>
  send: (stanza: Element) => Promise<void>
  on: (event: string, listener: (value: never) => void) => void
  iqCaller: { get: (element: Element, to: string, timeoutMs: number) => Promise<Element> }
  iqCallee: { get: (namespace: string, name: string, handler: (context: { element: Element }) => Element) => void }
}

interface XmppPackage {
  client: (options: object) => XmppClient
  xml: (name: string, attrs: object, ...children: Array<Element | string>) => Element
}

export const ROOMS = 'rooms.localhost'

/** Gives the port. */
export async function startProsody(): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'bench-prosody-'))
  const file = join(folder, 'prosody.cfg.lua')
  writeFileSync(file, configOf(port, folder))
  try {
    await startServer('prosody', ['--config', file, '-F'], port)
  } finally {
    // It has read it, and writes nothing: accounts and rooms are in memory.
    rmSync(folder, { recursive: true })
  }
  return String(port)
}

export const xmppPackage = (): XmppPackage => packageOf<XmppPackage>('@xmpp/client')

export async function connectXmpp(port: string): Promise<XmppClient> {
  const client = xmppPackage().client({ service: `xmpp://127.0.0.1:${port}`, domain: 'localhost' })
  client.on('error', () => undefined)
  await client.start()
  return client
}

/** No limits of rate, no history, and nothing that stands between a stanza and its receiver. */
function configOf(port: number, folder: string): string {
  return `
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}"
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
modules_enabled = { "disco", "saslauth" }
modules_disabled = { "s2s", "offline" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
log = { error = "*console" }
VirtualHost "localhost"
  authentication = "anonymous"
Component "${ROOMS}" "muc"
  muc_room_locking = false
  max_history_messages = 0
`
}
