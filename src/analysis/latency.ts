import { build, initWebAssemblySync, type Histogram } from 'hdr-histogram-js'
import type { LatencySummary, Percentiles } from '../wire/messages.ts'

initWebAssemblySync()

/** Two digits are 1 % of the value, in about 12 kB; a value above the range would throw, so it is clamped. */
const LARGEST_US = 300_000_000
const SHAPE = {
  lowestDiscernibleValue: 1,
  highestTrackableValue: LARGEST_US,
  numberOfSignificantValueDigits: 2,
  bitBucketSize: 32,
  autoResize: false,
  useWebAssembly: true,
} as const

const SLOT_US = 10_000_000
const SLOTS_PER_MINUTE = 6
const MINUTES = 10

/** Sums are made here and read at once; one is enough, because nothing else runs in between. */
const scratch = build(SHAPE)

/**
 * Latencies of one leg as people read them: the last minute, the last ten, and all. Recording touches one histogram; every
 * ten seconds it is added to the current minute and to all, and the oldest is emptied for reuse.
 *
 * The memory is WebAssembly's and not collected: `release` it.
 */
export class LatencyRecorder {
  readonly #slots = histograms(SLOTS_PER_MINUTE)
  readonly #minutes = histograms(MINUTES)
  readonly #all = build(SHAPE)
  /** Number of the current ten-second slot since the epoch of the clock. */
  #slot = 0

  /** A latency in microseconds, observed at `nowUs`. */
  record(latencyUs: number, nowUs: number): void {
    this.#turnTo(Math.floor(nowUs / SLOT_US))
    // NaN and negatives would throw, too.
    const us = latencyUs > 0 ? Math.min(Math.round(latencyUs), LARGEST_US) : 0
    this.#current().recordValue(us)
  }

  /** The last minute and the last ten are whole slots and the current one: 50 to 60 s, and nine to ten minutes. */
  summary(nowUs: number): LatencySummary {
    this.#turnTo(Math.floor(nowUs / SLOT_US))
    return {
      lastMinute: percentiles(this.#slots),
      tenMinutes: percentiles([...this.#minutes, this.#current()]),
      all: percentiles([this.#all, this.#current()]),
    }
  }

  release(): void {
    for (const histogram of [...this.#slots, ...this.#minutes, this.#all]) histogram.destroy()
  }

  #current(): Histogram {
    return this.#slots[this.#slot % SLOTS_PER_MINUTE] as Histogram
  }

  #turnTo(slot: number): void {
    if (slot <= this.#slot) return
    const minute = Math.floor(this.#slot / SLOTS_PER_MINUTE)
    if (this.#current().totalCount > 0) {
      this.#all.add(this.#current())
      const sum = this.#minutes[minute % MINUTES] as Histogram
      sum.add(this.#current())
    }
    const passed = Math.min(slot - this.#slot, SLOTS_PER_MINUTE)
    for (let i = 0; i < passed; i++) this.#slots[(slot - i) % SLOTS_PER_MINUTE]?.reset()
    const minutesPassed = Math.min(Math.floor(slot / SLOTS_PER_MINUTE) - minute, MINUTES)
    for (let i = 0; i < minutesPassed; i++) {
      this.#minutes[(Math.floor(slot / SLOTS_PER_MINUTE) - i) % MINUTES]?.reset()
    }
    this.#slot = slot
  }
}

function histograms(count: number): Histogram[] {
  return Array.from({ length: count }, () => build(SHAPE))
}

/** null: none of them has a value; an empty histogram's own figures make no sense. */
function percentiles(parts: readonly Histogram[]): Percentiles | null {
  scratch.reset()
  for (const part of parts) if (part.totalCount > 0) scratch.add(part)
  if (scratch.totalCount === 0) return null
  return {
    count: scratch.totalCount,
    p50: scratch.getValueAtPercentile(50),
    p90: scratch.getValueAtPercentile(90),
    p99: scratch.getValueAtPercentile(99),
    max: scratch.maxValue,
  }
}
