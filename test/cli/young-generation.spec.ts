import assert from 'node:assert/strict'
import { join } from 'node:path'
import { node } from '../support/nexus-program.ts'

const MODULE = join(import.meta.dirname, '../../src/cli/young-generation.ts')

/** Makes objects that live for a while, and tells how much room the young ones had at last, in MB. */
const program = (start: string): string => `
  import { getHeapSpaceStatistics } from 'node:v8'
  import { boundYoungGeneration } from ${JSON.stringify(MODULE)}
  ${start}
  let kept = []
  for (let turn = 0; turn < 60; turn++) {
    for (let index = 0; index < 20_000; index++) kept.push({ index, list: [index] })
    if (turn % 5 === 4) kept = kept.slice(60_000)
    await new Promise(setImmediate)
  }
  console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 1e6)`

describe('the young generation of a relay', () => {
  const roomAfter = async (start: string): Promise<number> => {
    const { code, stdout, stderr } = await node(['--input-type=module', '--eval', program(start)])
    assert.equal(code, 0, stderr)
    return Number(stdout)
  }

  it('stays small, which it does not by itself', async () => {
    const [bound, free] = [await roomAfter('boundYoungGeneration()'), await roomAfter('')]
    assert.ok(bound <= 34 && free > 60, `${bound} and ${free} MB`)
  })
})
