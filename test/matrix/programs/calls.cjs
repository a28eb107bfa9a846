const { NexusError } = require('nexus-mesh')
const { createTestMesh } = require('nexus-mesh/testing')

/** What a mesh answers, whatever loads it. */
module.exports = async function calls() {
  const mesh = await createTestMesh()
  const worker = await mesh.block({ handlers: { who: ({ from }) => from.uid } })
  const stranger = await mesh.block({ app: 'shop', uid: 'carl', role: 'user' })
  const refused = await stranger.api({ app: 'etest', cmd: 'who' }).catch((error) => error)
  const heard = Promise.withResolvers()
  await stranger.subscribe('news', ({ body }) => heard.resolve(body.length))
  await worker.publish('news', new Uint8Array([1]))
  const length = await heard.promise
  const answer = await worker.api({ app: 'etest', cmd: 'who' })
  await mesh.stop()
  return [answer, refused instanceof NexusError, refused.code, length].join()
}
