import type { Step } from './step.ts'
import { api } from './steps/api.ts'
import { authority } from './steps/authority.ts'
import { balance } from './steps/balance.ts'
import { channel } from './steps/channel.ts'
import { direct } from './steps/direct.ts'
import { find } from './steps/find.ts'
import { join } from './steps/join.ts'
import { page } from './steps/page.ts'
import { python } from './steps/python.ts'
import { refuseAnonymous } from './steps/refuse-anonymous.ts'
import { refuseForeignNetwork } from './steps/refuse-foreign-network.ts'
import { refuseWithoutService } from './steps/refuse-without-service.ts'
import { relay } from './steps/relay.ts'
import { workers } from './steps/workers.ts'

/** What the demo does, in this order. */
export const STEPS: readonly Step[] = [
  authority,
  relay,
  workers,
  join,
  find,
  api,
  balance,
  channel,
  direct,
  python,
  refuseAnonymous,
  refuseWithoutService,
  refuseForeignNetwork,
  page
]
