import assert from 'node:assert/strict'
import type { HeldGrant } from '../../src/identity/credential.ts'
import { GrantRefresh } from '../../src/node/grant-refresh.ts'

describe('grants that a call lacks', () => {
  let time = 0
  let asked = 0
  let grants: HeldGrant[] = []
  /** What whoever gives them has. */
  let given: Array<[app: string, grant: string]> = []
  let refresh: GrantRefresh['refresh']

  beforeEach(() => {
    time = 0
    asked = 0
    grants = []
    given = []
    const source = {
      grants: () => grants,
      renewNow: async () => {
        asked++
        await undefined
        grants = given.map(([app, grant]) => ({ app, grant, id: grant, issuedAt: 0, expiresAt: 1_000 }))
      }
    }
    refresh = new GrantRefresh(source, () => time).refresh
  })

  it('are another one for this app: a newer one too, and none of another app', async () => {
    given = [['etest', 'first']]
    assert.equal(await refresh('etest'), true)
    assert.equal(await refresh('etest'), false)
    assert.equal(await refresh('other'), false)
    given = [['etest', 'second']]
    assert.equal(await refresh('other'), false)
    given = [['etest', 'third']]
    assert.equal(await refresh('etest'), true)
  })

  it('are asked for once by all who ask at the same time', async () => {
    given = [['etest', 'first']]
    assert.deepEqual(await Promise.all([refresh('etest'), refresh('etest'), refresh('other')]), [true, true, false])
    assert.equal(asked, 1)
  })

  it('are asked for ten times at once, and then every 5 s', async () => {
    for (let count = 0; count < 20; count++) {
      await refresh('etest')
    }
    assert.equal(asked, 10)
    time += 5_000
    await refresh('etest')
    await refresh('etest')
    assert.equal(asked, 11)
  })
})
