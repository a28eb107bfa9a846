import { createTestMesh } from 'nexus-mesh/testing'

export const dynamic = 'force-dynamic'

export async function GET() {
  const mesh = await createTestMesh()
  const worker = await mesh.block({ handlers: { who: ({ from }) => from.jid } })
  const jid = await worker.api({ app: 'etest', cmd: 'who' })
  await mesh.stop()
  return Response.json({ jid })
}
