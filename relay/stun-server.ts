import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type Allowance, Allowances } from '../src/lib/allowances.ts'
import { hostKey } from '../src/lib/host-key.ts'
import type { Part } from '../src/lib/lifecycle.ts'
import { now } from '../src/lib/now.ts'
import { reasonOf } from '../src/lib/reason-of.ts'
import type { StunPorts } from '../src/protocols/system/command-bodies.ts'
import { bindingAnswer } from './stun-binding.ts'

/**
 * Answers to one host: an office behind one address asks a few times for each new connection. To a host whose address
 * was forged, no more comes than this.
 */
const HOST_ALLOWANCE: Allowance = { burst: 200, perSecond: 50 }
/** Hosts whose rates are known. */
const MAX_HOSTS = 10_000

export interface StunServerInit {
  /** IP addresses to listen on. */
  hosts: readonly string[]
  /** 0 takes a free one for each. */
  port: number
  /** It does not run, since it can't listen: why, for people. */
  onFailed: (message: string) => void
}

/** Tells whoever asks from which address and port it is seen (STUN, RFC 8489): binding requests, and nothing else. */
export class StunServer implements Part {
  readonly #init: StunServerInit
  readonly #sockets: Socket[] = []
  readonly #allowances = new Allowances(now, MAX_HOSTS)

  constructor(init: StunServerInit) {
    this.#init = init
  }

  /** Where it is answered: nowhere, unless all hosts could be listened on. */
  get ports(): StunPorts {
    const bound = this.#sockets.map((socket) => socket.address())
    return Object.fromEntries(bound.map(({ family, port }) => [family === 'IPv6' ? 'ip6' : 'ip4', port]))
  }

  async start(): Promise<void> {
    const { hosts, port, onFailed } = this.#init
    const sockets = await Promise.allSettled(hosts.map((host) => listen(host, port)))
    const failed = sockets.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    const open = sockets.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))

    if (failed !== undefined) {
      await Promise.all(open.map(closed))
      onFailed(reasonOf(failed.reason))
      return
    }

    for (const socket of open) {
      this.#sockets.push(socket)
      socket.on('message', (message, source) => this.#onMessage(socket, message, source))
      // Whoever asked in vain asks again.
      socket.on('error', () => undefined)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sockets.splice(0).map(closed))
  }

  #onMessage(socket: Socket, message: Buffer, { address, port }: RemoteInfo): void {
    const answer = bindingAnswer(message, address, port)

    if (answer !== undefined && this.#allowances.take(hostKey(address), 1, HOST_ALLOWANCE)) {
      socket.send(answer, port, address, () => undefined)
    }
  }
}

async function listen(host: string, port: number): Promise<Socket> {
  // IPv6 alone: beside one for IPv4 on the same port.
  const socket = host.includes(':') ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4')

  try {
    const listening = once(socket, 'listening')
    socket.bind(port, host)
    await listening
    return socket
  } catch (error) {
    await closed(socket)
    throw error
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}
