import { KeyHolders } from '../../src/protocols/peers/key-holders.ts'

export const KEY = 'the key'
export const FIRST = 700
export const SECOND = 300
export const HOUR_MS = 3_600_000

/** Who is connected with the key, in place of the network. */
export class KeyNetwork {
  time = HOUR_MS
  /** The number of the block that is connected. */
  connected: number | undefined
  answers = true
  asked = 0
  cuts = 0
  readonly holders = new KeyHolders({
    self: { peerId: 'self', instance: 1 },
    now: () => this.time,
    describe: () => (this.connected === undefined ? undefined : `number ${this.connected}`),
    whenOpen: async () => this.connected !== undefined,
    answers: async () => {
      this.asked++
      return this.answers
    },
    cut: () => {
      this.cuts++
      this.connected = undefined
    }
  })

  /** Lets a block in, unless another stays: then it gives that. */
  async join(instance: number | undefined): Promise<string | undefined> {
    const other = await this.holders.claim(KEY, instance)
    this.connected = other === undefined ? instance : this.connected
    return other
  }
}
