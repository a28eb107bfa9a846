import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { defaultLogger } from '@libp2p/logger'
import { decodeBody, encodeBody } from '../../src/protocols/body/body.ts'
import { Session } from '../../src/protocols/session/session.ts'
import { PipeStream } from '../../src/sidecar/pipe-stream.ts'
import type { Json } from '../../src/types.ts'
import { waitFor } from './wait-for.ts'

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts')
const LIMIT = 5 * 1024 * 1024
const log = defaultLogger().forComponent('test:sidecar')

/** A program that speaks with a sidecar. */
export class SidecarProgram {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly events: any[] = []
  /** The commands that were called. `hang` is never answered. */
  readonly calls: string[] = []
  /** What the sidecar's output was refused for; it stays empty while there is nothing in it but frames. */
  readonly broken: Error[] = []
  stderr = ''
  /** Whether events are acknowledged; those that were not are when `release` is called. */
  holding = false
  readonly #held: Array<() => void> = []
  readonly #session: Session

  constructor() {
    const { DEBUG: _debug, ...env } = process.env
    const child = spawn(process.execPath, [PROGRAM, 'sidecar'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.child = child
    this.exited = once(child, 'exit').then(([code]) => code)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#session = new Session({
      stream: new PipeStream({ input: child.stdout, output: child.stdin, log }),
      initiator: true,
      limits: { bodyLimitBytes: LIMIT },
      log,
      handlers: {
        onRequest: (request) => {
          const { cmd, body } = decodeBody(request.type, request.body) as any
          this.calls.push(cmd)

          if (cmd === 'hang') {
            return
          }

          const { type, bytes } = encodeBody({ body: { cmd, got: body } }, LIMIT)
          request.respond(type, bytes)
        },
        onDirect: ({ type, body }) => {
          this.events.push(decodeBody(type, body))
          return this.holding ? new Promise((resolve) => this.#held.push(resolve)) : Promise.resolve()
        },
        onGrant: () => undefined,
        onGoaway: () => undefined,
        onClose: (error) => {
          if (error !== undefined) {
            this.broken.push(error)
          }
        }
      }
    })
  }

  async ask(cmd: string, body: Json): Promise<any> {
    const { type, bytes } = encodeBody(body, LIMIT)
    const answer = await this.#session.request({ cmd, type, body: bytes, timeoutMs: 20_000 })
    return decodeBody(answer.type, answer.body)
  }

  /** Starts the block, and waits until it is in the mesh: the answer does not. */
  async join(options: Record<string, Json>): Promise<any> {
    const answer = await this.ask('hello', { version: 1, options })
    const states = () => [answer.status, ...this.of('status')].map(({ state }) => state)
    await waitFor('the block to be online', () => states().at(-1) === 'online')
    return answer
  }

  release(): void {
    this.holding = false
    for (const acknowledge of this.#held.splice(0)) {
      acknowledge()
    }
  }

  of(event: string): any[] {
    return this.events.filter((each) => each.event === event)
  }
}
