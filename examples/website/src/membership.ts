import type { Nexus } from 'nexus-mesh'
import type { User } from './session.ts'

/** This tab's place in the mesh: one block at a time, for the user who is logged in. */
export class Membership {
  #user: User | undefined
  #joining: Promise<Nexus> | undefined

  /** The block of a user. However often it is asked for, it is joined once. */
  async enter(user: User): Promise<Nexus> {
    if (this.#joining === undefined || this.#user?.uid !== user.uid || this.#user.block !== user.block) {
      const left = this.leave()
      this.#user = user
      this.#joining = left.then(() => join(user))
    }

    const joining = this.#joining

    try {
      return await joining
    } catch (error) {
      // The next try begins anew.
      if (this.#joining === joining) {
        this.#joining = undefined
      }
      throw error
    }
  }

  async leave(): Promise<void> {
    const joining = this.#joining
    this.#joining = undefined
    this.#user = undefined
    await joining?.then((nexus) => nexus.stop()).catch(() => undefined)
  }
}

// The mesh is loaded when somebody is logged in, and each user of this browser has a key of their own.
async function join({ uid, block }: User): Promise<Nexus> {
  const { joinMesh } = await import('nexus-mesh/page')
  return joinMesh({ name: `${block}.${uid}` })
}
