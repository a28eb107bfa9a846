import { readFileSync } from 'node:fs'

/** How often it is looked whether those who started this process are still there. */
const CHECK_MS = 1_000
/** npm, its shell, and scripts that start scripts. */
const MAX_ANCESTORS = 8

/**
 * Calls back once when the npm (npx, yarn, pnpm) that started this process has ended, or the shell that it did so by:
 * npm hands no signal on to what its shell runs, which would be left behind. Gives a function that ends the watch.
 *
 * What was started in another way is not watched: it may outlive its parent, as with `nohup`.
 */
export function onNpmEnd(listener: () => void): () => void {
  const { npm_command: command, npm_execpath: path } = process.env

  if ((command === undefined && path === undefined) || process.ppid === 1) {
    return () => undefined
  }

  const ancestors = ancestorsUpToNpm()
  const timer = setInterval(() => {
    if (!areThere(ancestors)) {
      clearInterval(timer)
      listener()
    }
  }, CHECK_MS).unref()
  return () => clearInterval(timer)
}

/** From the parent up to npm; the parent alone where nothing can be known of the others. */
function ancestorsUpToNpm(): number[] {
  const ancestors = [process.ppid]

  while (ancestors.length < MAX_ANCESTORS) {
    const last = ancestors.at(-1)!

    if (isNpm(last)) {
      return ancestors
    }

    const parent = parentOf(last)

    if (parent === undefined || parent <= 1) {
      break
    }

    ancestors.push(parent)
  }

  return [process.ppid]
}

function areThere([parent, ...others]: number[]): boolean {
  let last = parent
  return (
    process.ppid === parent &&
    others.every((ancestor) => {
      const isThere = parentOf(last!) === ancestor
      last = ancestor
      return isThere
    })
  )
}

/** npm gives itself a title of that form; the others are Node with the file that npm says it is. */
function isNpm(pid: number): boolean {
  const path = process.env.npm_execpath
  const [title = '', ...args] = read(pid, 'cmdline')?.split('\0') ?? []
  return /^(npm|npx|yarn|pnpm)\b/.test(title) || (path !== undefined && args.includes(path))
}

/** Known on Linux alone. */
function parentOf(pid: number): number | undefined {
  // The name, in brackets, may hold anything.
  const fields = read(pid, 'stat')?.split(') ').at(-1)?.split(' ')
  return fields === undefined ? undefined : Number(fields[1])
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
