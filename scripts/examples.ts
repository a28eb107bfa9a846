/** The examples in docstrings, and what the compiler says of them. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** What is there in every example that does not make its own: a running block and relay, and an authority. */
const GLOBALS = `
import type { Authority, Nexus } from 'nexus-mesh'
import type { Relay } from 'nexus-mesh/relay'

declare global {
  const nexus: Nexus
  const relay: Relay
  const authority: Authority
}
`

export interface Example {
  path: string
  /** The line of the file at which its code begins, from 1. */
  line: number
  /** The code, in the columns that it has in the file. */
  code: string
}

/** The fences \`\`\`ts after an `@example` in the docstrings of a file. */
export function examplesIn(path: string, text: string): Example[] {
  const examples: Example[] = []
  let isExample = false
  let fence: Example | undefined

  for (const [index, line] of text.split('\n').entries()) {
    const [, margin, said = ''] = /^(\s*\/?\*+ ?)(.*)$/.exec(line) ?? []

    if (margin === undefined || margin.includes('/**') || line.includes('*/')) {
      isExample = false
      fence = undefined
    } else if (said.startsWith('@')) {
      isExample = said.startsWith('@example')
    } else if (fence !== undefined && said !== '```') {
      fence.code += `${' '.repeat(margin.length)}${said}\n`
    } else if (fence !== undefined) {
      fence = undefined
    } else if (isExample && said === '```ts') {
      fence = { path, line: index + 2, code: '' }
      examples.push(fence)
    }
  }

  return examples
}

/** Type-checks examples, each as a module of its own, all in one run. Gives what is wrong, by file and line. */
export async function faultsOf(examples: readonly Example[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nexus-examples-'))

  try {
    await Promise.all(
      examples.map(({ line, code }, index) =>
        // Lines and columns are those of the file that the example stands in.
        writeFile(join(folder, `${index}.mts`), `${'\n'.repeat(line - 1)}${code}`)
      )
    )
    await writeFile(join(folder, 'globals.d.mts'), GLOBALS)
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration()))
    const said = await compile(folder)
    return said.map((line) =>
      line.replace(/^(\d+)\.mts\((\d+),(\d+)\)/, (_, index, row, column) => {
        return `${examples[Number(index)]?.path}:${row}:${column}`
      })
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

function configuration(): object {
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      moduleDetection: 'force',
      noUnusedLocals: false,
      noUnusedParameters: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')]
    },
    include: ['*.mts', join(ROOT, 'src/**/*.d.ts')]
  }
}

function compile(folder: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [TSC, '-p', folder, '--pretty', 'false'], { cwd: folder }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
      resolve(error === null ? [] : lines.length > 0 ? lines : [error.message])
    })
  })
}
