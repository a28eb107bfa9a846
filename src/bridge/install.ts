import { NexusError } from '../errors.ts'
import { App, type WorkerApp } from './app.ts'

/** What carries messages: replaced wherever it is. */
const TRANSPORT = ['Connect', 'on', 'stop', 'nexus'] as const
/** What does not: the platform's own stays. */
const REST = ['Init', 'initUDB', 'rest'] as const

/** The object that was given, with the transport of this package. */
export type Installed<T> = Omit<T, (typeof TRANSPORT)[number]> &
  Pick<WorkerApp, (typeof TRANSPORT)[number]> &
  Omit<Pick<WorkerApp, (typeof REST)[number]>, keyof T>

/**
 * Changes the transport of the platform's own `App` in place, so that a worker keeps its other modules. To be called
 * before its first `on`. `Connect`, `on`, `stop` and `nexus` are those of this package from then on; `Init`, `initUDB`
 * and `rest` too where the object has none; all else is left as it is. `Connect` sets the globals of this package.
 *
 * Throws
 * - `INVALID`: this is no object, or one that cannot be changed
 */
export function install<T extends object>(platform: T): Installed<T> {
  if ((typeof platform !== 'object' && typeof platform !== 'function') || platform === null) {
    throw new NexusError('INVALID', "install is given the platform's own App: an object")
  }

  for (const name of [...TRANSPORT, ...REST.filter((own) => !(own in platform))]) {
    const isSet = Reflect.defineProperty(platform, name, { get: () => member(name), configurable: true })

    if (!isSet) {
      throw new NexusError('INVALID', `the App cannot be changed: '${name}' is fixed`)
    }
  }

  return platform as Installed<T>
}

function member(name: keyof WorkerApp): unknown {
  const value = App[name]
  return typeof value === 'function' ? value.bind(App) : value
}
