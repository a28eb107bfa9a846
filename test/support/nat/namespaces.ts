import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const PREFIX = 'nexus-nat-'
/** Where `ip netns` keeps them. */
const HOME = '/run/netns'

let count = 0

/** Network namespaces with names of this process, gone at its end. */
export class Namespaces {
  readonly #names = new Set<string>()
  readonly #atExit = (): void => this.close()
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.close()
    process.kill(process.pid, signal)
  }

  constructor() {
    removeLeftBehind()
    process.once('exit', this.#atExit)
    process.once('SIGINT', this.#onSignal)
    process.once('SIGTERM', this.#onSignal)
  }

  /** Makes one, in which loopback is up, and gives its name. */
  add(label: string): string {
    const name = `${PREFIX}${process.pid}-${count++}-${label}`
    execFileSync('ip', ['netns', 'add', name])
    this.#names.add(name)
    runIn(name, 'ip link set lo up')
    return name
  }

  /** Removes all of them. What still runs there has no network any more. */
  close(): void {
    process.off('exit', this.#atExit)
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)

    for (const name of this.#names) {
      remove(name)
    }

    this.#names.clear()
  }
}

/** Joins two by a cable: an interface in each, by name. */
export function connect([one, oneName]: [string, string], [other, otherName]: [string, string]): void {
  const ends = ['add', oneName, 'netns', one, 'type', 'veth', 'peer', 'name', otherName, 'netns', other]
  execFileSync('ip', ['link', ...ends])
}

/** What to put before a command, so that it runs in a namespace. */
export function launcherIn(name: string): string[] {
  return ['nsenter', `--net=${HOME}/${name}`]
}

/** Runs a shell script in a namespace. Throws with what it said when a command of it fails. */
export function runIn(name: string, script: string): void {
  const [program, ...args] = launcherIn(name)
  execFileSync(program!, [...args, 'sh', '-ec', script], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Loads rules into a namespace. */
export function loadRules(name: string, rules: string): void {
  const [program, ...args] = launcherIn(name)
  execFileSync(program!, [...args, 'nft', '-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'pipe'] })
}

/** Why none can be made here, or `undefined`. */
export function whyNoNamespaces(): string | undefined {
  const namespaces = new Namespaces()

  try {
    const name = namespaces.add('try')
    loadRules(name, 'table ip nat { chain post { type nat hook postrouting priority 100; masquerade random; }; }')
    return undefined
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer }
    return (stderr?.toString() || message).trim().split('\n')[0]
  } finally {
    namespaces.close()
  }
}

// Of runs that were killed.
function removeLeftBehind(): void {
  for (const name of existsSync(HOME) ? readdirSync(HOME) : []) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? []

    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      remove(name)
    }
  }
}

function remove(name: string): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  } catch {
    // Somebody else has removed it.
  }
}
