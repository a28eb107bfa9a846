import assert from 'node:assert/strict'
import { FollowedApps } from '../../../src/protocols/find/followed-apps.ts'
import type { SignedGossip } from '../../../src/protocols/gossip/signed-gossip.ts'
import { leaseTopic } from '../../../src/protocols/gossip/topic-names.ts'
import { TEST_NETWORK } from '../../support/identities.ts'

const MAX_FOLLOWED = 256
const topicOf = (app: string): string => leaseTopic(TEST_NETWORK, app)

describe('followed apps', () => {
  let joined: Set<string>
  let apps: FollowedApps

  beforeEach(() => {
    joined = new Set()
    const gossip = {
      join: (topic: string) => {
        assert.ok(!joined.has(topic))
        joined.add(topic)
      },
      leave: (topic: string) => assert.ok(joined.delete(topic))
    }
    apps = new FollowedApps({ network: TEST_NETWORK, gossip: gossip as unknown as SignedGossip })
  })

  it('follow the leases of an app once, until they stop', () => {
    assert.equal(apps.ask('one'), undefined)
    const one = apps.follow('one')
    assert.equal(apps.follow('one'), one)
    assert.equal(apps.ask('one'), one)
    assert.deepEqual([[...joined], [...apps.all()]], [[topicOf('one')], [one]])
    apps.stop()
    assert.deepEqual([joined.size, apps.ask('one')], [0, undefined])
  })

  it('are 256 at most: the one not asked for longest is left', () => {
    for (let count = 0; count < MAX_FOLLOWED; count++) {
      apps.follow(`app${count}`)
    }
    apps.ask('app0')
    apps.follow('app1')
    apps.follow('onemore')
    assert.equal(joined.size, MAX_FOLLOWED)
    assert.deepEqual(
      ['app0', 'app1', 'app2', 'app3', 'onemore'].map((app) => joined.has(topicOf(app))),
      [true, true, false, true, true]
    )
    assert.equal(apps.ask('app2'), undefined)
  })
})
