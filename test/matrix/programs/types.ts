import { Authority, createCredential, createNexus, generateKey, type Nexus, NexusError, peerIdOf } from 'nexus-mesh'
import { createAuthority } from 'nexus-mesh/authority'
import { App } from 'nexus-mesh/bridge'
import type { JoinOptions } from 'nexus-mesh/page'
import { createRelay, type Relay } from 'nexus-mesh/relay'
import { createTestMesh, type TestBlock } from 'nexus-mesh/testing'

export async function use(block: TestBlock): Promise<number> {
  await using mesh = await createTestMesh()
  const worker: Nexus = await mesh.block(block)
  worker.handle<{ a: number }>('twice', ({ body, from }) => ({ result: 2 * body.a, by: from.uid }))
  const { result } = await worker.api<{ result: number }>({ app: 'etest', cmd: 'twice', body: { a: 1 } })
  // @ts-expect-error: it is no text
  result.trim()
  const key = await generateKey()
  const authority: Authority = await Authority.create({ network: 'a.example', privateKey: key })
  const who = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: 'x' } as const
  const certificate = await authority.issueCertificate({ ...who, peerId: peerIdOf(key) })
  const credential = createCredential({ network: 'a.example', key, certificate, roots: [authority.rootId] })

  try {
    await createNexus({ credential, logger: { forComponent: () => undefined as never } })
  } catch (error) {
    return error instanceof NexusError && error.code === 'INVALID' ? error.wireCode : result
  }
  return result
}

export const values = [App, createRelay, createAuthority]
export type Types = [JoinOptions, Relay]
