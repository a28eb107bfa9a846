import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { temporaryDirectory } from './temporary-directory.ts'
import type { TlsFiles } from './tls-authority.ts'
import { until } from './until.ts'

const README = join(import.meta.dirname, '../../relay/README.md')
/** Where Debian has it. */
const PROGRAM = '/usr/sbin/nginx'

/** What stands in the README's example, and is another thing here. */
export interface NginxExample extends TlsFiles {
  /** Where nginx listens, for TLS. */
  port: number
  /** Where the relay listens, for WebSocket. */
  relayPort: number
}

/** The nginx of this machine (Debian: `apt-get install nginx-light`), run as the relay's README says. */
export class Nginx {
  static readonly isInstalled = existsSync(PROGRAM)
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(example: NginxExample): Promise<Nginx> {
    const directory = await temporaryDirectory()
    const file = join(directory, 'nginx.conf')
    await writeFile(file, configuration(directory, await readmeServer(example)))
    const child = spawn(PROGRAM, ['-p', directory, '-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const failed = text(child.stderr)
    await until(async () => child.exitCode !== null || (await isTaken(example.port)), 'nginx to listen')

    if (child.exitCode !== null) {
      throw new Error(`nginx has ended: ${await failed}`)
    }

    return new Nginx(child)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
  }
}

/** The server of the README, with the ports and files of here. */
async function readmeServer({ port, relayPort, certFile, keyFile }: NginxExample): Promise<string> {
  const [, server = ''] = /```nginx\n(.*?)```/s.exec(await readFile(README, 'utf8')) ?? []
  const changes: Array<[string, string]> = [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['server_name relay.example.org', 'server_name localhost'],
    ['/etc/ssl/relay.example.org.pem', certFile],
    ['/etc/ssl/relay.example.org.key', keyFile],
    ['http://127.0.0.1:9701', `http://127.0.0.1:${relayPort}`]
  ]
  return changes.reduce((changed, [from, to]) => {
    if (!changed.includes(from)) {
      throw new Error(`the README's nginx has no longer: ${from}`)
    }

    return changed.replace(from, to)
  }, server)
}

function configuration(directory: string, server: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = kinds.map((kind) => `${kind}_temp_path ${join(directory, kind)};`)
  return `daemon off;
master_process off;
pid ${join(directory, 'pid')};
events {}
http {
access_log off;
${paths.join('\n')}
${server}}
`
}

async function isTaken(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = await Promise.race([
    once(socket, 'connect').then(() => true),
    new Promise<boolean>((resolve) => socket.once('error', () => resolve(false)))
  ]).catch(() => false)
  socket.destroy()
  return connected
}
