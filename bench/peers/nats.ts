import { freePort } from './free-port.ts'
import { packageOf, startServer } from './install.ts'

export interface NatsMessage {
  data: Uint8Array
  respond: (data: Uint8Array) => void
}

export interface NatsConnection {
  subscribe: (subject: string, options: { callback: (error: unknown, message: NatsMessage) => void }) => void
  publish: (subject: string, data: Uint8Array) => void
  request: (subject: string, data: Uint8Array, options: { timeout: number }) => Promise<NatsMessage>
  flush: () => Promise<void>
  close: () => Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const toBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
export const fromBytes = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes))

/** Plaintext. Gives the port. */
export async function startNats(): Promise<string> {
  const port = await freePort()
  await startServer('nats-server', ['-a', '127.0.0.1', '-p', String(port)], port)
  return String(port)
}

export function connectNats(port: string): Promise<NatsConnection> {
  const { connect } = packageOf<{ connect: (options: object) => Promise<NatsConnection> }>('nats')
  return connect({ servers: `127.0.0.1:${port}`, noEcho: true })
}
