/** `nexus-mesh/react`: the mesh in components of React 18 and later. */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { NexusError } from '../../errors.ts'
import type { ChannelHandler, Nexus, SubscribeOptions } from '../../types.ts'
import type { JoinOptions } from '../join.ts'
import { followChannel } from './channel-subscription.ts'
import { type MeshState, NO_MESH, sharedMesh } from './shared-mesh.ts'

export type { JoinOptions, MeshState }

const never = (): (() => void) => () => undefined
const noMesh = (): MeshState => NO_MESH

/**
 * Joins the mesh as the user who is logged in at this page's site (`joinMesh`), for as long as a component uses it.
 * Components that give the same `url` and `name` share one block; the other options are those of the first. `null`, while
 * nobody is logged in, joins nothing. A block outlives its last component by a second, so that `StrictMode`, hot reload
 * and a change of pages join once. Errors come as `error`; `retry` tries again. Renders without it on a server.
 *
 * @example
 * ```ts
 * import { useMesh } from 'nexus-mesh/react'
 *
 * function useAnswer(user: { uid: string } | null): () => Promise<unknown> {
 *   const { nexus } = useMesh(user && { name: user.uid })
 *   return async () => nexus?.api({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } })
 * }
 * ```
 */
export function useMesh(options: JoinOptions | null = {}): MeshState {
  const mesh = options === null ? undefined : sharedMesh(options)
  useEffect(() => mesh?.hold(), [mesh])
  return useSyncExternalStore(mesh?.onChange ?? never, mesh?.state ?? noMesh, noMesh)
}

/**
 * Follows a channel for as long as the component is there. The handler of the last render gets the messages. Gives why
 * it could not subscribe, if it could not.
 *
 * @example
 * ```ts
 * import { useChannel, useMesh } from 'nexus-mesh/react'
 *
 * function useNews(show: (text: string) => void): void {
 *   const { nexus } = useMesh()
 *   useChannel<{ text: string }>(nexus, 'news', ({ body }) => show(body.text))
 * }
 * ```
 */
export function useChannel<B = unknown>(
  nexus: Nexus | undefined,
  channel: string,
  handler: ChannelHandler<B>,
  options?: SubscribeOptions
): NexusError | undefined {
  const [error, setError] = useState<NexusError>()
  const latest = useRef({ handler, options })
  useEffect(() => {
    latest.current = { handler, options }
  })
  useEffect(() => {
    setError(undefined)

    if (nexus === undefined) {
      return undefined
    }

    return followChannel<B>({
      nexus,
      channel,
      handler: (message) => latest.current.handler(message),
      options: latest.current.options,
      onError: setError
    })
  }, [nexus, channel, options?.secret])
  return error
}
