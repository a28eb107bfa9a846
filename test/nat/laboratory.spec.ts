import assert from 'node:assert/strict'
import { whyNoNamespaces } from '../support/nat/namespaces.ts'
import { type Cell, type CellResult, measureCell, shown } from '../support/nat/nat-cells.ts'
import { NatMesh } from '../support/nat/nat-mesh.ts'

/** One of each sort; `npm run natlab` has all. */
const CELLS: readonly Cell[] = [
  { program: 'node', caller: 'port-restricted', worker: 'port-restricted' },
  { program: 'node', caller: 'port-restricted', worker: 'random-ports' },
  { program: 'node', caller: 'open', worker: 'udp-blocked' },
  { program: 'page', caller: 'port-restricted', worker: 'port-restricted' }
]
const LOSS_PERCENT = 5
const LOSSY_WAIT_MS = 5_000

describe('the network laboratory', function () {
  // A process for each host, and Chromium.
  this.timeout(200_000)
  let mesh: NatMesh

  before(async function () {
    const reason = whyNoNamespaces()

    if (reason !== undefined) {
      console.log(`      skipped: no network namespaces can be made here: ${reason}`)
      this.skip()
    }

    mesh = await NatMesh.start()
  })

  after(() => mesh?.stop())

  const measured = async (cell: Cell): Promise<CellResult> => {
    const result = await measureCell(mesh, cell)
    console.log(`      ${shown(result)}, first call ${result.firstMs} ms, ${result.calls} calls`)
    assert.deepEqual(result.lost, [])
    return result
  }

  for (const cell of CELLS) {
    const { program, caller, worker } = cell
    it(`has the expected way from a ${program} caller, ${caller}, to a worker, ${worker}, and loses no call`, async () => {
      const { way, expected } = await measured(cell)
      assert.equal(way, expected)
    })
  }

  it(`loses no call when ${LOSS_PERCENT} of 100 packets are lost, whichever way it takes`, async () => {
    mesh.lab.lose(LOSS_PERCENT)
    await measured({ ...CELLS[0]!, waitMs: LOSSY_WAIT_MS })
  })
})
