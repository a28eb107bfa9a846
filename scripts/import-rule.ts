/** Which file may import which: the rule of docs/DECISIONS.md, "One-way imports". */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { parseSync, Visitor } from 'rolldown/utils'

/** From the bottom to the top. A room imports itself and what is below its line, types included. */
export const LAYERS = [
  ['src/constants', 'src/errors', 'src/types'],
  ['src/lib'],
  ['src/identity'],
  ['src/protocols/body', 'src/protocols/pb'],
  ['src/protocols/gossipsub'],
  ['src/protocols/gossip', 'src/protocols/peers'],
  ['src/protocols/session'],
  ['src/protocols/system'],
  ['src/protocols/find', 'src/protocols/subscription', 'src/protocols/history'],
  ['src/protocols/call', 'src/protocols/channel'],
  ['src/node/libp2p'],
  ['src/node/connect', 'src/node/runtime'],
  ['src/node'],
  ['src/index', 'src/page'],
  ['relay', 'gateway', 'src/authority', 'src/bridge', 'src/sidecar', 'src/testing'],
  ['src/cli'],
  ['bench', 'examples'],
  ['scripts', 'test']
] as const
/** Rooms that import nothing above another one, however high they stand: the authority service is no part of the mesh. */
const REACH: Readonly<Record<string, string>> = { 'src/authority': 'src/identity' }
/** The one line whose rooms import each other: specs read what scripts write, and scripts use the specs' helpers. */
const OPEN_LINE = LAYERS.length - 1
/** From this line on the package may be imported by its name. */
const FIRST_USERS_LINE = LAYERS.findIndex(([room]) => room === 'bench')
/** What runs in browsers too. It imports nothing of Node, types included, and reaches nothing that needs Node. */
export const BROWSER_CODE = [
  'src/constants',
  'src/errors',
  'src/types',
  'src/lib',
  'src/identity',
  'src/protocols',
  'src/index.browser',
  'src/page',
  'src/bridge/browser',
  'src/cli/demo/page/client',
  'examples/website/src'
]

interface Import {
  specifier: string
  isType: boolean
  /** The file, where it is one of the repository. */
  to?: string
}

/** What breaks the rule in these files, by their paths from the root of the repository: a sentence each. */
export function faultsIn(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map(
    [...files].map(([path, text]) => [
      path,
      importsOf(path, text).map((one) => ({ ...one, to: target(path, one.specifier, files) }))
    ])
  )
  const graph = new Map([...imports].map(([path, found]) => [path, found.flatMap(({ to }) => to ?? [])]))
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
    (from.room === toward.room || toward.line < reachOf(from) || (toward.line === from.line && from.line === OPEN_LINE))
  return isAllowed ? undefined : `${path}: imports ${to}, and imports run one way (docs/DECISIONS.md)`
}

function nameFault(path: string, { specifier }: Import): string | undefined {
  const isUser = (placeOf(path)?.line ?? 0) >= FIRST_USERS_LINE
  return /^nexus-mesh(\/|$)/.test(specifier) && !isUser
    ? `${path}: imports ${specifier}, the package itself`
    : undefined
}

function browserFaults(imports: ReadonlyMap<string, Import[]>): string[] {
  const own = new Set([...imports.keys()].filter((path) => BROWSER_CODE.some((place) => isIn(path, place))))
  const reached = new Set(own)
  const faults: string[] = []

  for (const path of reached) {
    for (const { specifier, isType, to } of imports.get(path) ?? []) {
      if (isBuiltin(specifier) && own.has(path)) {
        faults.push(`${path}: imports ${specifier}, and runs in browsers too`)
      } else if (isBuiltin(specifier) && !isType) {
        faults.push(`${path}: imports ${specifier}, and pages load this file`)
      } else if (to !== undefined && !isType) {
        reached.add(to)
      }
    }
  }

  return faults
}

/** A circle for each file that lies on one, but those that were named already. */
function circlesIn(graph: ReadonlyMap<string, string[]>): string[][] {
  const named = new Set<string>()
  const circles: string[][] = []

  for (const path of graph.keys()) {
    const circle = named.has(path) ? undefined : wayBack(path, graph)

    if (circle !== undefined) {
      circles.push(circle)
      circle.forEach((one) => {
        named.add(one)
      })
    }
  }

  return circles
}

/** The shortest way from a file to itself. */
function wayBack(path: string, graph: ReadonlyMap<string, string[]>): string[] | undefined {
  const seen = new Set<string>()
  const ways = [[path]]

  for (const way of ways) {
    for (const next of graph.get(way.at(-1)!) ?? []) {
      if (next === path) {
        return [...way, path]
      }

      if (!seen.has(next)) {
        seen.add(next)
        ways.push([...way, next])
      }
    }
  }

  return undefined
}

/** The room of a file, and its line: that with the longest name, as rooms lie in rooms. */
function placeOf(path: string): { room: string; line: number } | undefined {
  const places = LAYERS.flatMap((rooms, line) => rooms.map((room) => ({ room, line })))
  const fitting = places.filter(({ room }) => isIn(path, room))
  return fitting.toSorted((a, b) => b.room.length - a.room.length)[0]
}

/** The line below which a room may import. */
function reachOf({ room, line }: { room: string; line: number }): number {
  const highest = REACH[room]
  return highest === undefined ? line : LAYERS.findIndex((rooms) => rooms.some((other) => other === highest)) + 1
}

function isIn(path: string, place: string): boolean {
  return path.startsWith(`${place}/`) || path.startsWith(`${place}.`)
}

function target(path: string, specifier: string, files: ReadonlyMap<string, string>): string | undefined {
  if (!specifier.startsWith('.')) {
    return undefined
  }

  const to = posix.join(posix.dirname(path), specifier)
  const source = to.replace(/\.js$/, '.ts')
  return files.has(source) ? source : to
}

function importsOf(path: string, text: string): Import[] {
  const { program, module, errors } = parseSync(path, text)

  if (errors.length > 0) {
    throw new Error(`${path}: ${errors[0]?.message}`)
  }

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
