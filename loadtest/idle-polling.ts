import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Whoever has it open may say how many microseconds a core may take to wake up (Linux; needs root). */
const LATENCY_REQUEST = '/dev/cpu_dma_latency'
/** What a core does that may take none. */
const SHALLOWEST_STATE = '/sys/devices/system/cpu/cpu0/cpuidle/state0/name'
/** It looks for work, and sleeps by no instruction that a host would see. */
const POLLING = 'POLL'

/** Has the kernel's own idle loop wait awake, as long as it is not stopped. A process that ends takes its wish along. */
export class IdlePolling {
  readonly #request: number

  private constructor(request: number) {
    this.#request = request
  }

  /** null: this kernel has no such state, or this process not the right to ask for it. */
  static start(): IdlePolling | null {
    try {
      if (readFileSync(SHALLOWEST_STATE, 'latin1').trim() !== POLLING) return null
      const request = openSync(LATENCY_REQUEST, 'r+')
      writeSync(request, Buffer.alloc(Int32Array.BYTES_PER_ELEMENT)) // an integer, zero in any order of its bytes
      return new IdlePolling(request)
    } catch {
      return null
    }
  }

  stop(): void {
    closeSync(this.#request)
  }
}
