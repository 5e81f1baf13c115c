import { ChildHandle } from './child-handle.ts'
import type { LoadPlan, LoadResult } from './load-plan.ts'

/**
 * The load driver: sends requests on a fixed schedule from a process of its own, so that nothing else the benchmark does
 * delays them.
 */
export class LoadDriver {
  readonly #child = new ChildHandle<LoadPlan, LoadResult>('./driver-process.ts', 'ahead')

  /** Carries out one plan; one at a time. Rejects when the driver itself fails, not when requests do. */
  run(plan: LoadPlan): Promise<LoadResult> {
    return this.#child.ask(plan)
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}
