import { NexusError } from '../../errors.ts'

/** Whether what Node makes is of the classes that programs see: jsdom has some of its own, and lacks others. */
const isOneRealm = typeof TextEncoder === 'function' && new TextEncoder().encode('') instanceof Uint8Array

if (!isOneRealm) {
  throw new NexusError(
    'INVALID',
    'nexus-mesh needs the environment of Node, not that of jsdom: begin the test file with // @vitest-environment node, or with /** @jest-environment node */'
  )
}
