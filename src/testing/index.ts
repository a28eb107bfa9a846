export { createTestMesh, type TestBlock, type TestMesh } from './test-mesh.ts'
