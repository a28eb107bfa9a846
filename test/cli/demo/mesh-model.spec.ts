import assert from 'node:assert/strict'
import { MeshModel } from '../../../src/cli/demo/page/client/model.ts'
import type { Identity } from '../../../src/types.ts'

const identity = (uid: string, peerId: string): Identity => ({
  network: 'demo.example',
  app: 'shop',
  uid,
  role: 'user',
  block: 'xwebsite',
  resource: 'webxo',
  jid: `shop-${uid}-user@demo.example/webxo`,
  peerId
})

describe("what the demo's page knows of the mesh", () => {
  it('greys a block that says nothing for 5 s, and forgets it after 12', () => {
    const model = new MeshModel()
    model.hear(identity('anna', 'a'), { peers: [] }, 0)
    assert.equal(model.blocks(5_000)[0]?.isStale, false)
    assert.equal(model.blocks(5_001)[0]?.isStale, true)
    model.see(identity('anna', 'a'), 6_000)
    assert.equal(model.blocks(11_000)[0]?.isStale, false)
    assert.equal(model.blocks(18_000).length, 1)
    assert.equal(model.blocks(18_001).length, 0)
  })

  it('shows a block of which only messages are known, as such', () => {
    const model = new MeshModel()
    model.message(identity('anna', 'a'), 'news', 0)
    assert.deepEqual(
      model.blocks(0).map(({ name, isHearsay }) => [name, isHearsay]),
      [['anna', true]]
    )
    model.see(identity('anna', 'a'), 0)
    assert.equal(model.blocks(0)[0]?.isHearsay, false)
    assert.deepEqual(model.get('a')?.counts, { view: 0, news: 1, call: 0 })
  })

  it('tells nine tabs of one user apart', () => {
    const model = new MeshModel()
    const tabs = Array.from({ length: 9 }, (_, index) => identity('you', `12D3KooWtab${index}`))
    tabs.forEach((tab) => void model.hear(tab, { peers: [] }, 0))
    model.hear(identity('anna', 'a'), { peers: [] }, 0)
    const names = model.blocks(0).map(({ name }) => name)
    assert.equal(new Set(names).size, 10)
    assert.ok(names.includes('you tab3') && names.includes('anna'))
    assert.equal(model.nameOf('12D3KooWtab3'), 'you tab3')
    const worker = (resource: string): Identity => ({
      ...identity('ben', resource),
      block: 'worker',
      resource,
      jid: resource
    })
    model.see(worker('default'), 0)
    model.see(worker('spare'), 0)
    assert.deepEqual([model.nameOf('default'), model.nameOf('spare')], ['ben/default', 'ben/spare'])
    assert.equal(model.nameOf('12D3KooWgone'), 'a block …gone')
  })
})
