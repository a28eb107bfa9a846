/** Which file may import which: the rule of docs/DECISIONS.md, "One-way imports". */
import { posix } from 'node:path'
import { parseSync, Visitor } from 'rolldown/utils'

/** From the bottom to the top. A room imports itself and what is below its line, types included. */
const LAYERS = [
  ['src/constants', 'src/errors', 'src/types', 'src/lib'],
  ['src/identity'],
  ['src/protocols/body', 'src/protocols/pb'],
  ['src/protocols/gossip', 'src/protocols/peers'],
  ['src/protocols/session'],
  ['src/protocols/system'],
  ['src/protocols/find', 'src/protocols/subscription'],
  ['src/protocols/call', 'src/protocols/channel'],
  ['src/node/libp2p'],
  ['src/node/connect', 'src/node/runtime'],
  ['src/node'],
  ['src/index', 'src/page'],
  ['relay', 'gateway', 'src/bridge', 'src/sidecar'],
  ['src/cli'],
  ['bench', 'examples', 'scripts', 'test']
] as const
/** Lines whose rooms may import each other: what all use, and what nobody uses. */
const OPEN_LINES = new Set([0, LAYERS.length - 1])
/** What runs in browsers too, as far as a line goes. */
const FIRST_NODE_LINE = LAYERS.findIndex(([room]) => room === 'src/node/libp2p')
/** What pages load. Nothing that they reach may need Node. */
const BROWSER_ENTRIES = ['src/index.browser.ts', 'src/page/index.ts', 'src/bridge/browser.ts']

interface Import {
  specifier: string
  isType: boolean
}

/** What breaks the rule in these files, by their paths from the root of the repository: a sentence each. */
export function faultsIn(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...files].map(([path, text]) => [path, importsOf(path, text)]))
  const graph = new Map([...imports].map(([path, found]) => [path, found.flatMap((one) => target(path, one) ?? [])]))
  return [
    ...[...graph].flatMap(([path, targets]) => targets.flatMap((to) => arrowFault(path, to) ?? [])),
    ...[...imports].flatMap(([path, found]) => found.flatMap((one) => nameFault(path, one) ?? [])),
    ...browserFaults(imports),
    ...circlesIn(graph).map((circle) => `${circle.join(' -> ')}: files import each other in a circle`)
  ]
}

function arrowFault(path: string, to: string): string | undefined {
  const [from, toward] = [placeOf(path), placeOf(to)]

  if (from === undefined) {
    return `${path}: has no room in scripts/import-rule.ts`
  }

  const isAllowed =
    toward !== undefined &&
    (from.room === toward.room || toward.line < from.line || (toward.line === from.line && OPEN_LINES.has(from.line)))
  return isAllowed ? undefined : `${path}: imports ${to}, and imports run one way (docs/DECISIONS.md)`
}

function nameFault(path: string, { specifier, isType }: Import): string | undefined {
  const line = placeOf(path)?.line ?? 0

  if (/^nexus-mesh(\/|$)/.test(specifier) && line < LAYERS.length - 1) {
    return `${path}: imports ${specifier}, the package itself`
  }

  return isNode(specifier) && !isType && line < FIRST_NODE_LINE
    ? `${path}: imports ${specifier}, and runs in browsers too`
    : undefined
}

function browserFaults(imports: ReadonlyMap<string, Import[]>): string[] {
  const reached = new Set(BROWSER_ENTRIES.filter((path) => imports.has(path)))
  const faults: string[] = []

  for (const path of reached) {
    for (const one of (imports.get(path) ?? []).filter(({ isType }) => !isType)) {
      const to = target(path, one)

      if (to !== undefined) {
        reached.add(to)
      } else if (isNode(one.specifier)) {
        faults.push(`${path}: imports ${one.specifier}, and pages load this file`)
      }
    }
  }

  return faults
}

/** The groups of files that reach each other (Tarjan 1972). */
function circlesIn(graph: ReadonlyMap<string, string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  const visit = (path: string): void => {
    order.set(path, order.size)
    lowest.set(path, order.get(path)!)
    open.push(path)

    for (const next of graph.get(path) ?? []) {
      if (!order.has(next)) {
        visit(next)
      }

      if (open.includes(next)) {
        lowest.set(path, Math.min(lowest.get(path)!, lowest.get(next)!))
      }
    }

    if (lowest.get(path) === order.get(path)) {
      const group = open.splice(open.indexOf(path))

      if (group.length > 1 || graph.get(path)?.includes(path) === true) {
        circles.push(group)
      }
    }
  }

  for (const path of graph.keys()) {
    if (!order.has(path)) {
      visit(path)
    }
  }

  return circles
}

/** The room of a file, and its line: that with the longest name, as rooms lie in rooms. */
function placeOf(path: string): { room: string; line: number } | undefined {
  const places = LAYERS.flatMap((rooms, line) => rooms.map((room) => ({ room, line })))
  const fitting = places.filter(({ room }) => path.startsWith(`${room}/`) || path.startsWith(`${room}.`))
  return fitting.toSorted((a, b) => b.room.length - a.room.length)[0]
}

function target(path: string, { specifier }: Import): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined
}

function isNode(specifier: string): boolean {
  return specifier.startsWith('node:')
}

function importsOf(path: string, text: string): Import[] {
  const { program, module } = parseSync(path, text)
  const found: Import[] = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      specifier: moduleRequest.value,
      isType: entries.length > 0 && entries.every(({ isType }) => isType)
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest === null ? [] : [{ specifier: moduleRequest.value, isType }]
      )
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const literal = /^(['"`])(.*)\1$/s.exec(text.slice(start, end))?.[2]
      return literal === undefined ? [] : [{ specifier: literal, isType: false }]
    })
  ]
  new Visitor({
    TSImportType: ({ source }) => found.push({ specifier: source.value, isType: true })
  }).visit(program)
  return found
}
