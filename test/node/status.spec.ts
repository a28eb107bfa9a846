import assert from 'node:assert/strict'
import { NexusError } from '../../src/errors.ts'
import type { BootstrapPeerState } from '../../src/node/connect/bootstrap-peer.ts'
import { factsOf, StatusBoard, type StatusFacts } from '../../src/node/status.ts'
import type { NexusStatus } from '../../src/types.ts'
import { until } from '../support/until.ts'

const OPEN: BootstrapPeerState = { connected: true, reserved: true, failure: undefined, doubtful: false }
const CLOSED: BootstrapPeerState = { connected: false, reserved: false, failure: undefined, doubtful: false }

describe('status', () => {
  let now: number
  let board: StatusBoard
  let thrown: unknown[]

  beforeEach(() => {
    now = 1_000
    thrown = []
    board = new StatusBoard({ clock: () => now, notices: [], onHandlerError: (error) => void thrown.push(error) })
  })

  const statusAfter = (...reports: Array<Partial<StatusFacts>>): string => {
    for (const facts of reports) {
      board.report(facts)
    }
    const { state, reason } = board.status
    return reason === undefined ? state : `${state} ${reason}`
  }
  const failed = (error: NexusError): Partial<StatusFacts> => factsOf([{ ...CLOSED, failure: error }])

  it('is connecting until it is in', () => {
    assert.equal(statusAfter(), 'connecting')
    assert.equal(statusAfter(factsOf([OPEN])), 'online')
  })

  it('is online with one of several relays', () => {
    const down = { ...CLOSED, failure: new NexusError('UNREACHABLE', 'nobody there') }
    assert.equal(statusAfter(factsOf([down, OPEN])), 'online')
  })

  it('is degraded without a reservation, and while others are connected and no relay is', () => {
    assert.equal(statusAfter(factsOf([{ ...OPEN, reserved: false }])), 'degraded NO_RESERVATION')
    assert.equal(statusAfter({ hasPeers: true }, factsOf([CLOSED])), 'degraded NO_RELAY')
    assert.equal(statusAfter({ hasPeers: false }), 'offline NO_RELAY')
  })

  it('says why it could not join', () => {
    assert.equal(statusAfter(failed(new NexusError('UNREACHABLE', 'x'))), 'connecting NO_RELAY')
    const refused = (reason: NexusError['reason']): NexusError => new NexusError('REFUSED', 'x', { reason })
    assert.equal(statusAfter(failed(refused('REVOKED'))), 'connecting REFUSED')
    assert.equal(statusAfter(failed(refused('EXPIRED'))), 'connecting EXPIRED')
    assert.equal(statusAfter(failed(refused('NOT_YET_VALID'))), 'connecting WRONG_CLOCK')
    assert.equal(board.status.message, 'x')
  })

  it('is offline without a network, and when its certificate has ended, whatever else stands', () => {
    assert.equal(statusAfter(factsOf([OPEN]), { networkDown: true }), 'offline NO_NETWORK')
    assert.equal(statusAfter({ expired: true }), 'offline EXPIRED')
    assert.equal(statusAfter({ expired: false, networkDown: false }), 'online')
  })

  it('tells of changes alone, with the time of each, and goes on when a handler throws', () => {
    const told: NexusStatus[] = []
    board.onChange(() => {
      throw new Error('handler')
    })
    const end = board.onChange((status) => told.push(status))
    board.report(factsOf([OPEN]))
    board.report(factsOf([OPEN]))
    now = 2_000
    board.report(factsOf([CLOSED]))
    end()
    board.report(factsOf([OPEN]))
    assert.deepEqual(
      told.map(({ state, since }) => [state, since]),
      [
        ['online', 1_000],
        ['offline', 2_000]
      ]
    )
    assert.equal(thrown.length, 3)
  })

  it('takes a handler whose promise is rejected for one that throws', async () => {
    board.onChange(() => Promise.reject(new Error('later')))
    board.report(factsOf([OPEN]))
    await until(() => thrown.length === 1, 'it is told')
  })

  it('tells of notices that come, change and go, and leaves the state as it stands', () => {
    const told: NexusStatus[] = []
    board.report(factsOf([OPEN]))
    board.onChange((status) => told.push(status))
    now = 2_000
    board.notice('NO_STORAGE', 'one')
    board.notice('NO_STORAGE', 'one')
    board.notice('NO_STORAGE', 'two')
    board.notice('OLD_STORAGE', 'three')
    board.notice('NO_STORAGE', undefined)
    board.notice('NO_STORAGE', undefined)
    board.report(factsOf([CLOSED]))
    assert.deepEqual(
      told.map(({ state, since, notices }) => [state, since, notices.map(({ message }) => message).join()]),
      [
        ['online', 1_000, 'one'],
        ['online', 1_000, 'two'],
        ['online', 1_000, 'two,three'],
        ['online', 1_000, 'three'],
        ['offline', 2_000, 'three']
      ]
    )
  })
  it('is degraded by a clock that is over 60 s off from what its relays agree on, before all that is less', () => {
    const relay = (clockAheadMs: number, reserved = true): BootstrapPeerState => ({ ...OPEN, reserved, clockAheadMs })
    assert.equal(statusAfter(factsOf([relay(60_000)])), 'online')
    assert.equal(statusAfter(factsOf([relay(-600_000, false)])), 'degraded WRONG_CLOCK')
    assert.match(board.status.message, /600 s ahead/)
    assert.equal(statusAfter(factsOf([relay(600_000), relay(10)])), 'online')
    assert.equal(statusAfter(factsOf([relay(600_000), relay(10), relay(600_000)])), 'degraded WRONG_CLOCK')
    assert.equal(statusAfter(factsOf([CLOSED])), 'offline NO_RELAY')
    assert.equal(statusAfter(factsOf([OPEN])), 'online')
  })

  it('shows again what it was made with when a notice in its place ends', () => {
    const notices = [{ reason: 'WRONG_CLOCK' as const, message: 'from the beginning' }]
    board = new StatusBoard({ clock: () => now, notices, onHandlerError: () => undefined })
    board.notice('WRONG_CLOCK', 'another')
    assert.deepEqual(board.status.notices, [{ reason: 'WRONG_CLOCK', message: 'another' }])
    board.notice('WRONG_CLOCK', undefined)
    assert.deepEqual(board.status.notices, notices)
  })
})
