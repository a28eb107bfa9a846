/** What is used of React and Vue, which are brought by whoever uses them: the compiler here needs neither. */
declare module 'react' {
  export function useEffect(effect: () => unknown, dependencies?: readonly unknown[]): void
  export function useRef<T>(initial: T): { current: T }
  export function useState<T>(): [T | undefined, (value: T | undefined) => void]
  export function useSyncExternalStore<T>(
    subscribe: (listener: () => void) => () => void,
    snapshot: () => T,
    serverSnapshot: () => T
  ): T
}

declare module 'vue' {
  export interface ShallowRef<T> {
    value: T
  }
  export type MaybeRefOrGetter<T> = T | ShallowRef<T> | (() => T)
  export function shallowRef<T>(value: T): ShallowRef<T>
  export function shallowRef<T>(): ShallowRef<T | undefined>
  export function toValue<T>(value: MaybeRefOrGetter<T>): T
  type Callback<T> = (value: T, before: unknown, onCleanup: (cleanup: () => void) => void) => void
  export function watch<T>(source: () => T, callback: Callback<T>, options?: { immediate?: boolean }): void
  export function watch<A, B>(
    sources: readonly [() => A, () => B],
    callback: Callback<[A, B]>,
    options?: { immediate?: boolean }
  ): void
}
