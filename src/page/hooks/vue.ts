/** `nexus-mesh/vue`: the mesh in components of Vue 3.3 and later. */
import { type MaybeRefOrGetter, type ShallowRef, shallowRef, toValue, watch } from 'vue'
import type { NexusError } from '../../errors.ts'
import type { ChannelHandler, Nexus, SubscribeOptions } from '../../types.ts'
import type { JoinOptions } from '../join.ts'
import { followChannel } from './channel-subscription.ts'
import { type MeshState, NO_MESH, sharedMesh } from './shared-mesh.ts'

export type { JoinOptions, MeshState }

/**
 * Joins the mesh as the user who is logged in at this page's site (`joinMesh`), for as long as a component uses it.
 * Components that give the same `url` and `name` share one block; the other options are those of the first. `null`, while
 * nobody is logged in, joins nothing; a getter or ref may change. A block outlives its last component by a second, so
 * that hot reload and a change of pages join once. Errors come as `error`; `retry` tries again. Does nothing on a server.
 *
 * @example
 * ```ts
 * import { useMesh } from 'nexus-mesh/vue'
 *
 * function useAnswer(user: () => { uid: string } | null): () => Promise<unknown> {
 *   const mesh = useMesh(() => user() && { name: user()?.uid })
 *   return async () => mesh.value.nexus?.api({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } })
 * }
 * ```
 */
export function useMesh(options: MaybeRefOrGetter<JoinOptions | null> = {}): Readonly<ShallowRef<MeshState>> {
  const state = shallowRef(NO_MESH)

  if (typeof document === 'undefined') {
    return state
  }

  const wanted = (): JoinOptions | null => toValue(options)
  watch(
    () => {
      const now = wanted()
      return now === null ? undefined : sharedMesh(now)
    },
    (mesh, _before, onCleanup) => {
      state.value = mesh?.state() ?? NO_MESH

      if (mesh !== undefined) {
        const release = mesh.hold()
        const silence = mesh.onChange(() => {
          state.value = mesh.state()
        })
        onCleanup(() => {
          silence()
          release()
        })
      }
    },
    { immediate: true }
  )
  return state
}

/**
 * Follows a channel for as long as the component is there: `nexus` is what `useMesh` has given, as a ref or getter. Gives
 * why it could not subscribe, if it could not.
 *
 * @example
 * ```ts
 * import { useChannel, useMesh } from 'nexus-mesh/vue'
 *
 * function useNews(show: (text: string) => void): void {
 *   const mesh = useMesh()
 *   useChannel<{ text: string }>(() => mesh.value.nexus, 'news', ({ body }) => show(body.text))
 * }
 * ```
 */
export function useChannel<B = unknown>(
  nexus: MaybeRefOrGetter<Nexus | undefined>,
  channel: MaybeRefOrGetter<string>,
  handler: ChannelHandler<B>,
  options?: SubscribeOptions
): Readonly<ShallowRef<NexusError | undefined>> {
  const error = shallowRef<NexusError>()
  watch(
    // Each is compared by itself: a new status is no reason to subscribe anew.
    [() => toValue(nexus), () => toValue(channel)],
    ([block, name], _before, onCleanup) => {
      error.value = undefined

      if (block !== undefined) {
        const onError = (reason: NexusError): void => {
          error.value = reason
        }
        onCleanup(followChannel<B>({ nexus: block, channel: name, handler, options, onError }))
      }
    },
    { immediate: true }
  )
  return error
}
