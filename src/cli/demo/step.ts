import type { DemoMesh } from './demo-mesh.ts'

/** What a step shows of itself when it held. */
export interface StepResult {
  /** One line for people. */
  detail: string
  /** Further lines for people. */
  lines?: string[]
  /** The same as data. */
  data?: Record<string, unknown>
}

/** One thing that the demo does and checks. */
export interface Step {
  /** One word, stable: scripts and tests look for it. */
  name: string
  /** What is meant to happen, for people. */
  title: string
  /** Rejects when what it checks does not hold. The signal ends it when its time is over. */
  run: (mesh: DemoMesh, signal: AbortSignal) => Promise<StepResult>
}

/** What became of a step. */
export interface StepReport {
  name: string
  ok: boolean
  /** How long it took. */
  ms: number
  /** What it found, or why it did not hold. */
  detail: string
  lines?: string[]
  data?: Record<string, unknown>
}
