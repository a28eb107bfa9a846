import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nexus } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

describe("nexus, Node's compile cache", function () {
  this.timeout(30_000)
  let home: string

  beforeEach(async () => {
    home = await temporaryDirectory()
  })

  afterEach(removeTemporaryDirectories)

  /** What the program leaves in there. It works in any case, and says nothing of it. */
  const kept = async (env: Record<string, string> = {}): Promise<string[]> => {
    const { code, stderr } = await nexus(['--version'], {
      env: { HOME: home, XDG_CACHE_HOME: home, NODE_COMPILE_CACHE: '', ...env }
    })
    assert.deepEqual([code, stderr], [0, ''])
    const entries = await readdir(home, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  }

  it("is in the user's own cache directory", async () => {
    assert.ok((await kept()).length > 10)
    assert.deepEqual(await readdir(join(home, 'nexus-mesh')), ['compile'])
  })

  it('is left out where others may write, or replace what was written', async () => {
    const directory = join(home, 'nexus-mesh/compile')
    await mkdir(directory, { recursive: true })

    for (const shared of [directory, home]) {
      await chmod(shared, 0o777)
      assert.deepEqual(await kept(), [])
      await chmod(shared, 0o700)
    }
  })

  it('is left out where nothing can be written', async () => {
    await writeFile(join(home, 'nexus-mesh'), '')
    assert.deepEqual(await kept(), ['nexus-mesh'])
  })

  it('is left out when Node is told so', async () => {
    assert.deepEqual(await kept({ NODE_DISABLE_COMPILE_CACHE: '1' }), [])
  })
})
