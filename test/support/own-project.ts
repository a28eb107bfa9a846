import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'

const README = join(import.meta.dirname, '../../README.md')
const run = promisify(execFile)

/** What README.md says under "Use it in your project": files and commands, in the order in which they come. */
export interface Recipe {
  files: { name: string; text: string }[]
  /** Those of a fence are one text. */
  commands: string[]
  /** How many files come before a command. */
  filesBefore: (command: string) => number
}

export async function readRecipe(): Promise<Recipe> {
  const [, chapter = ''] = /^## Use it in your project\n(.*?)^## /ms.exec(await readFile(README, 'utf8')) ?? []
  const fences = [...chapter.matchAll(/```(js|sh)\n(?:\/\/ (\S+)\n)?(.*?)```/gs)].map(
    ([, language, name = '', text]) => ({
      language,
      name,
      text: text!.trimEnd()
    })
  )
  const isFile = ({ language }: { language: string | undefined }): boolean => language === 'js'
  return {
    files: fences.filter(isFile),
    commands: fences.filter((fence) => !isFile(fence)).map(({ text }) => text),
    filesBefore: (command) =>
      fences
        .slice(
          0,
          fences.findIndex(({ text }) => text === command)
        )
        .filter(isFile).length
  }
}

/** A folder in which somebody follows the recipe, and installs this tarball in place of the registry's package. */
export class OwnProject {
  readonly folder: string
  readonly #running: ChildProcess[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  async install(tarball: string): Promise<void> {
    const flags = ['--prefix', this.folder, '--prefer-offline', '--no-audit', '--no-fund']
    await run('npm', ['install', ...flags, tarball], { cwd: this.folder })
  }

  async write(files: Recipe['files']): Promise<void> {
    await Promise.all(files.map(({ name, text }) => writeFile(join(this.folder, name), `${text}\n`)))
  }

  /** What the last of these commands prints, a line each, while those before it run. Only the ports differ. */
  async outputOf(commands: string): Promise<string> {
    const [dev = '', worker = '', call = ''] = commands.split('\n')
    const nexus = `${process.execPath} node_modules/nexus-mesh/bin/nexus.js`

    try {
      await this.#start(
        `${dev.replace('npx nexus', nexus)} --port ${await freePort()} --listen /ip4/127.0.0.1/tcp/${await freePort()}`
      )
      await this.#start(worker.replace('node', process.execPath))
      const { stdout } = await run('sh', ['-c', call.replace('npx nexus', nexus)], { cwd: this.folder })
      return stdout
    } finally {
      for (const child of this.#running.splice(0).reverse()) {
        child.kill()
        await once(child, 'exit')
      }
    }
  }

  /** Starts a program, and waits for its first line. */
  async #start(command: string): Promise<void> {
    const [file = '', ...args] = command.split(' ')
    const child = spawn(file, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#running.push(child)
    await once(child.stdout, 'data')
  }
}
