import assert from 'node:assert/strict'
import { MissingPeer, packageOf, startServer } from '../../bench/peers/install.ts'

describe('a missing peer', () => {
  it('is named with the command that installs it', async () => {
    const server = startServer('no-such-server', [], 1)
    await assert.rejects(
      server,
      (error) => error instanceof MissingPeer && /apt-get install no-such-server/.test(error.message)
    )
    assert.throws(
      () => packageOf('no-such-package'),
      (error) => error instanceof MissingPeer && /npm ci --prefix bench/.test(error.message)
    )
  })
})
