export { type JoinOptions, joinMesh } from './join.ts'
