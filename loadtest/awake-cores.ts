import { CoreSpinners } from './core-spinners.ts'
import { IdlePolling } from './idle-polling.ts'

/**
 * Keeps the cores of a virtual machine awake. One that has nothing to do is given back to the host, and its next request waits
 * for the host to give it one: with a busy host the p99 of a quiet proxy was 9.0 to 10.7 ms, with another one 37 to 48 (the
 * driver's own lateness 14 to 28).
 *
 * Best is the kernel's own idle loop that polls. Processes that keep the cores busy are no rest: a core that has nothing else
 * to do takes a thread that waits for another core, and with such a process it has never nothing to do. The proxy then waited
 * for a compiler, a collector or a thread of the kernel for up to 8 ms while the other core did nothing but that (seen with
 * `perf sched`), and two equal proxies differed by up to a quarter at p99; with the idle loop by up to a twentieth.
 */
export class AwakeCores {
  readonly #means: IdlePolling | CoreSpinners

  constructor() {
    const polling = IdlePolling.start()
    if (polling === null) console.error('!! CORES ARE KEPT AWAKE BY PROCESSES, for which the proxy will wait at times')
    this.#means = polling ?? new CoreSpinners()
  }

  stop(): Promise<void> {
    this.#means.stop()
    return Promise.resolve()
  }
}
