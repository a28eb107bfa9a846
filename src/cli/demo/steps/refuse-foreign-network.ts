import { failureOf } from '../failure-of.ts'
import { FOREIGN_NETWORK } from '../members.ts'
import type { Step } from '../step.ts'
import { checkEqual } from '../step-failure.ts'

export const refuseForeignNetwork: Step = {
  name: 'refuse-foreign-network',
  title: 'a certificate of another network is refused, and its block learns why',
  async run(mesh) {
    const { code, reason, message } = await failureOf(mesh.join('stranger'), 'a block of another network could join')
    checkEqual([code, reason], ['REFUSED', 'WRONG_NETWORK'], `refused in another way (${message})`)
    return { detail: `a block of ${FOREIGN_NETWORK}: ${code}, ${reason}`, data: { code, reason, message } }
  }
}
