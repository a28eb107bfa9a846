import '../node/runtime/one-realm.ts'

export { createTestMesh, type TestBlock, type TestMesh } from './test-mesh.ts'
