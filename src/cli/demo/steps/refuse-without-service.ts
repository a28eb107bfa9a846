import { failureOf } from '../failure-of.ts'
import { SERVICE } from '../members.ts'
import type { Step } from '../step.ts'
import { check, checkEqual } from '../step-failure.ts'

export const refuseWithoutService: Step = {
  name: 'refuse-without-service',
  title: 'a member that does not have the service is refused',
  async run(mesh, signal) {
    const dora = await mesh.join('dora')
    const found = await dora.find({ app: SERVICE, signal })
    check(found.length > 0, 'the caller finds no worker')
    const failure = await failureOf(
      dora.api({ app: SERVICE, cmd: 'multiply', body: { a: 6, b: 7 }, signal }),
      'a call without the service was answered'
    )
    checkEqual(failure.code, 'FORBIDDEN', `refused with another code (${failure.message})`)
    await dora.stop()
    return { detail: `${dora.identity.jid}: ${failure.code}`, data: { code: failure.code, message: failure.message } }
  }
}
