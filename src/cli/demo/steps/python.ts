import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PACKAGE_ROOT } from '../../package-files.ts'
import { SERVICE } from '../members.ts'
import type { Participant } from '../participants.ts'
import type { Step } from '../step.ts'
import { check, checkEqual } from '../step-failure.ts'

const PROGRAM = join(PACKAGE_ROOT, 'examples/bridge/api.py')
const PACKAGE = join(PACKAGE_ROOT, 'python')
const RESOURCE = 'pydefault'
const POLL_MS = 100

/** Runs a program, and ends with whoever started it: the channel to it, file 3, closes then. */
const RUNNER = `
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(3, 1), os._exit(0)), daemon=True).start()
runpy.run_path(sys.argv[1])`

/** The worker of `examples/bridge`, as its author wrote it. */
const PYTHON_WORKER: Participant = {
  name: 'pyworker',
  title: 'Python worker',
  command: 'python3',
  args: () => ['-u', '-c', RUNNER, PROGRAM],
  env: ({ credential, bootstrap }) => ({
    NEXUS_CREDENTIAL: credential,
    NEXUS_BOOTSTRAP: bootstrap.join(','),
    NEXUS_NODE: process.execPath,
    PYTHONPATH: PACKAGE
  })
}

export const python: Step = {
  name: 'python',
  title: 'a worker in Python joins, is found and called',
  async run(mesh, signal) {
    const missing = whatIsMissing()

    if (missing !== undefined) {
      return { detail: `left out: ${missing}`, data: { leftOut: missing } }
    }

    const child = mesh.start(PYTHON_WORKER)
    const target = { app: SERVICE, resource: RESOURCE }

    while ((await mesh.caller.find({ ...target, signal })).length === 0) {
      await sleep(POLL_MS, undefined, { signal })
    }

    const request = { ...target, cmd: 'multiply', body: { a: 6, b: 7 }, signal }
    const { result } = await mesh.caller.api<{ result: number }>(request)
    checkEqual(result, 42, 'the Python worker gave another product')
    const [worker] = await mesh.caller.find({ ...target, signal })
    check(worker !== undefined, 'the Python worker has gone')
    return {
      detail: `${worker.jid}, process ${child.pid}, multiplied too`,
      data: { pid: child.pid, jid: worker.jid, result }
    }
  }
}

function whatIsMissing(): string | undefined {
  if (!existsSync(join(PACKAGE, 'nexus_mesh'))) {
    return 'the Python package is not here'
  }

  const isNewEnough = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0
  return isNewEnough ? undefined : 'there is no python3 of version 3.11 or later'
}
