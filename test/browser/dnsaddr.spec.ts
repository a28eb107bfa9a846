import assert from 'node:assert/strict'
import { closeChromium } from '../support/chromium.ts'
import { TestMesh } from '../support/mesh.ts'
import { MeshPage, PageSite } from '../support/page-site.ts'

describe('a page that is given a /dnsaddr', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let site: PageSite

  before(async () => {
    mesh = await TestMesh.create()
    site = await PageSite.open(mesh, ['/dnsaddr/relay.example.org'])
    site.user('carl', { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite' })
  })

  after(async () => {
    await site?.close()
    await mesh?.stop()
    await closeChromium()
  })

  it('asks nobody for it, and says what to use', async () => {
    const page = await site.page()
    const asked: string[] = []
    page.on('request', (request) => void asked.push(new URL(request.url()).origin))
    await assert.rejects(
      MeshPage.join(page, 'carl'),
      /UNREACHABLE .*a page resolves no \/dnsaddr.*use \/dns4 or \/dns6/
    )
    assert.deepEqual([...new Set(asked)], [site.url])
  })
})
