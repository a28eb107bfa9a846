import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'

const SERVERS: ReadonlyArray<[command: string, args: string[]]> = [
  ['nats-server', ['--version']],
  ['mosquitto', ['-h']],
  ['prosodyctl', ['about']]
]

/** Processor and versions, a line each. */
export function machineLines(): string[] {
  const { dependencies } = readJson('package.json') as { dependencies: Record<string, string> }
  const clients = Object.keys(dependencies).flatMap((name) => {
    const version = (readJson(`node_modules/${name}/package.json`) as { version?: string } | undefined)?.version
    return version === undefined ? [] : [`${name} ${version}`]
  })
  return [
    `${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}, Node ${process.version}, OpenSSL ${process.versions.openssl}`,
    SERVERS.flatMap(([command, args]) => serverVersion(command, args) ?? []).join(', '),
    clients.join(', ')
  ].filter((line) => line !== '')
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8'))
  } catch {
    // A peer that is not installed.
    return undefined
  }
}

/** Whatever it exits with: mosquitto's help is a failure to it. */
function serverVersion(command: string, args: string[]): string | undefined {
  const { error, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  const version = error === undefined ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
  return version === undefined ? undefined : `${command.replace('prosodyctl', 'prosody')} ${version}`
}
