import { anyOf } from '../../lib/abort.ts'
import { untilInterrupted } from '../interrupt.ts'
import type { DemoMesh } from './demo-mesh.ts'
import type { Step, StepReport } from './step.ts'
import { StepFailure } from './step-failure.ts'

/** A step that takes longer did not hold. Ten times what the slowest takes where two cores are free. */
const STEP_TIMEOUT_MS = 25_000

export interface DemoReport {
  ok: boolean
  /** Up to the first that did not hold. */
  steps: StepReport[]
}

/** Runs steps one by one, up to the first that does not hold. Rejects only when the mesh's signal aborts. */
export async function runSteps(
  steps: readonly Step[],
  mesh: DemoMesh,
  onStep: (report: StepReport) => void
): Promise<DemoReport> {
  const reports: StepReport[] = []

  for (const step of steps) {
    const report = await runStep(step, mesh)
    mesh.signal.throwIfAborted()
    reports.push(report)
    onStep(report)

    if (!report.ok) {
      return { ok: false, steps: reports }
    }
  }

  return { ok: true, steps: reports }
}

async function runStep(step: Step, mesh: DemoMesh): Promise<StepReport> {
  const { name } = step
  const start = performance.now()
  const timeout = new AbortController()
  const timer = setTimeout(() => {
    timeout.abort(new StepFailure(`not done within ${STEP_TIMEOUT_MS / 1000} s`))
  }, STEP_TIMEOUT_MS)
  const signal = anyOf([timeout.signal, mesh.lost, mesh.signal])
  const ms = (): number => Math.round(performance.now() - start)

  try {
    const result = await untilInterrupted(step.run(mesh, signal), signal)
    return { name, ok: true, ms: ms(), ...result }
  } catch (error) {
    return { name, ok: false, ms: ms(), detail: describe(error), lines: mesh.lastWords() }
  } finally {
    clearTimeout(timer)
  }
}

function describe(error: unknown): string {
  if (error instanceof StepFailure) {
    return error.message
  }

  return error instanceof Error ? `${'code' in error ? error.code : error.name}: ${error.message}` : String(error)
}
