/** One attacker, in a process of its own. */

import { answerCommands } from '../../support/command-process.ts'
import type { Target } from './attack.ts'
import { ATTACKS, type AttackName } from './attacks.ts'

export interface AttackerCommands {
  /** Begins; resolves when it is under way. It goes on until the process is killed. */
  begin: (name: AttackName, target: Target) => Promise<void>
  /** What it has done so far, for people. */
  progress: () => string
}

// What an attack runs into, being cut off above all, is no reason for this process to end.
process.on('unhandledRejection', () => undefined)
process.on('uncaughtException', () => undefined)

let progress = (): string => 'nothing'

const commands: AttackerCommands = {
  async begin(name, target) {
    progress = await ATTACKS[name].begin(target)
  },
  progress: () => progress()
}

answerCommands(commands)
