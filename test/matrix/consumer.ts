import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Ended, node } from '../support/nexus-program.ts'
import { packPackage } from '../support/packed-package.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { PACKAGES } from './versions.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')
const run = promisify(execFile)

/** A project that uses the published package, with the tools of the matrix. */
export class Consumer {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(): Promise<Consumer> {
    const consumer = new Consumer(await temporaryDirectory())
    const packed = await packPackage(consumer.path)
    await consumer.write('package.json', '{ "private": true, "type": "module" }')
    const flags = ['install', '--prefer-offline', '--no-audit', '--no-fund']
    await run('npm', [...flags, packed, ...PACKAGES], { cwd: consumer.path })
    return consumer
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.path, path)), { recursive: true })
    await writeFile(join(this.path, path), text)
  }

  /** Copies one of the programs there. */
  async copy(program: string, path: string): Promise<void> {
    await mkdir(dirname(join(this.path, path)), { recursive: true })
    await cp(join(PROGRAMS, program), join(this.path, path))
  }

  /** Runs a program of the project, or of a package that is installed there. */
  node(args: readonly string[], folder = '.'): Promise<Ended> {
    return node([...args], join(this.path, folder))
  }

  installed(path: string): string {
    return join(this.path, 'node_modules', path)
  }
}
