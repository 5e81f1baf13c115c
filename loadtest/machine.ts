import { cpus, loadavg } from 'node:os'
import { cpuTicks } from './cpu-ticks.ts'

const QUIET_LOAD = 0.3
const QUIET_STEAL_PERCENT = 1

/** Where and when numbers were measured: they are worth nothing without it. */
export function describeMachine(): string {
  const cores = cpus()
  const model = cores[0]?.model.trim() ?? 'unknown processor'
  return `${new Date().toISOString().slice(0, 10)}, ${cores.length} × ${model}, Node.js ${process.version}`
}

/** Watches from its making on what others took from the machine, and says so loudly when it was too much. */
export class MachineWatch {
  readonly #loadAtStart = loadavg()[0] ?? 0
  readonly #ticksAtStart = cpuTicks()

  constructor() {
    if (this.#loadAtStart > QUIET_LOAD) {
      warn(`other work runs on this machine (load average ${this.#loadAtStart.toFixed(2)})`)
    }
  }

  /** One sentence for below the table. */
  report(): string {
    const now = cpuTicks()
    const stolen = ((now.stolen - this.#ticksAtStart.stolen) / (now.all - this.#ticksAtStart.all)) * 100
    if (stolen > QUIET_STEAL_PERCENT)
      warn(`the host gave ${stolen.toFixed(1)} % of the processor time to other machines`)
    return `Load average before: ${this.#loadAtStart.toFixed(2)}; processor time taken by the host: ${stolen.toFixed(1)} %.`
  }
}

function warn(what: string): void {
  console.error(`!! ${what}: these numbers are for development, do not publish them`)
}
