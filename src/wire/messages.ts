import type { MessagePort } from 'node:worker_threads'
import type { ClockAnchor } from '../clock.ts'
import type { LogLevel, Snapshot } from '../config/snapshot.ts'
import type { ErrorCode } from '../errors.ts'
import type { DropReason, Outcome, UnpairedReason } from './outcomes.ts'
import type { SpendingMemory } from './spending.ts'
import type { SealedWindow, WindowCounts } from './window.ts'

/** Every message between threads, as tagged unions. Ports keep order: a tally never overtakes the frames it counts. */

export interface DataPlaneData {
  readonly thread: number
  /** `replica/boot/thread`. */
  readonly origin: string
  readonly clock: ClockAnchor
  readonly snapshot: Snapshot
  readonly spending: SpendingMemory
  /** false where the platform has no SO_REUSEPORT: then there is exactly one data-plane thread. */
  readonly reusePort: boolean
  readonly analysis: MessagePort
}

export type ControlToDataPlane =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly spending: SpendingMemory }
  /** The analysis thread was replaced: frames go to this port from now on. */
  | { readonly kind: 'analysis'; readonly port: MessagePort }
  | { readonly kind: 'drain'; readonly deadlineMs: number }

export type DataPlaneToControl =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'applied'; readonly revision: number }
  | { readonly kind: 'counters'; readonly counters: ThreadCounters }
  | LogMessage
  | { readonly kind: 'drained' }
  | { readonly kind: 'failed'; readonly message: string }

export interface LogMessage {
  readonly kind: 'log'
  readonly level: Exclude<LogLevel, 'silent'>
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | boolean | null>>
}

/**
 * `buffer` holds `count` pair frames in its first `used` bytes. Both threads see its memory: the sender does not touch it
 * until `return` names its `id`.
 */
export type DataPlaneToAnalysis =
  | {
      readonly kind: 'frames'
      readonly id: number
      readonly buffer: SharedArrayBuffer
      readonly used: number
      readonly count: number
    }
  | TallyMessage

/**
 * Counts of seconds that are settled on this thread, then the promise that nothing older is still open.
 * Outcomes in `counts` are only those of pairs whose frame was not handed over.
 */
export interface TallyMessage {
  readonly kind: 'tally'
  readonly tallies: readonly Tally[]
  /** Every second before this one is settled on this thread and complete with this message. */
  readonly settledBefore: number
  /** Snapshots older than this revision are no longer referred to by this thread. */
  readonly oldestRevision: number
}

export interface Tally {
  readonly revision: number
  readonly experiment: number
  readonly second: number
  /** Without requests of arms. */
  readonly counts: WindowCounts
  /** These, packed as wire/arm-votes.ts says; empty where the experiment has no canary. */
  readonly arms: readonly number[]
}

export type AnalysisToDataPlane = { readonly kind: 'return'; readonly id: number }

export interface AnalysisData {
  readonly clock: ClockAnchor
  readonly snapshot: Snapshot
  /** By experiment, since the epoch: where its judge began, in this process or an earlier one. */
  readonly firstSeconds: Readonly<Record<string, number>>
}

export type ControlToAnalysis =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'attach'; readonly origin: string; readonly port: MessagePort }
  /** The thread of this origin is gone; its open windows are closed, what was sent and not paired is lost. */
  | { readonly kind: 'detach'; readonly origin: string; readonly crashed: boolean }
  | { readonly kind: 'drain'; readonly deadlineMs: number }

export type AnalysisToControl =
  | { readonly kind: 'applied'; readonly revision: number }
  | { readonly kind: 'report'; readonly report: AnalysisReport }
  | LogMessage
  | { readonly kind: 'drained' }

/** What the analysis thread tells control once a second, and once more when drained. */
export interface AnalysisReport {
  readonly windows: readonly SealedWindow[]
  /** Every data-plane thread has sealed all seconds before this one; 0: not known. */
  readonly settledBefore: number
  readonly experiments: readonly ExperimentReport[]
  readonly disagreements: readonly Disagreement[]
  readonly sinks: readonly SinkReport[]
  /** Frames whose snapshot was unknown or whose bytes were not a frame: always 0 unless there is a bug. */
  readonly framesLost: number
}

/** Cumulative since the process started. */
export interface ExperimentReport {
  readonly experiment: string
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly legDurations: { readonly primary: FoldedHistogram; readonly shadow: FoldedHistogram }
  readonly logRatio: FoldedHistogram
  /** Percentiles for people, microseconds; null while there is nothing. */
  readonly latency: { readonly primary: LatencySummary; readonly shadow: LatencySummary }
  /** Units and sticky keys that may vote once more because there were too many to remember. */
  readonly forgottenVotes: number
  /** The most frequent differing fields: path, kind, how often. */
  readonly topFields: readonly { readonly path: string; readonly kind: string; readonly count: number }[]
  /** The most frequent changes of class, as the answers name the classes; most frequent first. */
  readonly confusions: readonly { readonly primary: string; readonly shadow: string; readonly count: number }[]
  /** Changes of class that are not among them. */
  readonly otherConfusions: number
  /** What comparators measured, by metric: over how many pairs, and the sum. Answers with equal bytes are not measured. */
  readonly metrics: Readonly<Record<string, { readonly count: number; readonly sum: number }>>
}

export interface LatencySummary {
  readonly lastMinute: Percentiles | null
  readonly tenMinutes: Percentiles | null
  readonly all: Percentiles | null
}

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** A disagreeing pair as the admin API shows it: the pair record, redacted and cut like in the sinks. */
export interface Disagreement {
  readonly experiment: string
  readonly record: unknown
}

export interface SinkReport {
  readonly sink: string
  readonly up: boolean
  readonly accepted: number
  readonly delivered: number
  readonly dropped: Readonly<Record<string, number>>
  readonly pending: number
}

/** Bucket counts (not cumulative) over fixed edges, last one is +Inf; `sum` in the unit of the edges. */
export interface FoldedHistogram {
  readonly buckets: readonly number[]
  readonly sum: number
}

/** Cumulative counts of one data-plane thread; control adds those of all threads, dead ones included. */
export interface ThreadCounters {
  readonly requests: readonly RequestCounters[]
  readonly shadows: readonly ShadowCounters[]
  readonly errors: readonly {
    readonly route: string
    readonly leg: LegName
    readonly code: ErrorCode
    readonly count: number
  }[]
  readonly upstreams: readonly UpstreamGauges[]
  readonly arms: readonly ArmExtras[]
  readonly connections: number
  readonly inFlight: number
  readonly eventLoopLagSeconds: number
  /** Of the thread's time, 0..1. */
  readonly busyShare: number
}

export interface UpstreamGauges {
  readonly upstream: string
  readonly inFlight: number
  /** Endpoints this thread would use. */
  readonly healthyEndpoints: number
}

export interface ArmExtras {
  readonly route: string
  readonly arm: 'primary' | 'canary'
  readonly retries: number
  readonly fallbacks: number
}

export type LegName = 'client' | 'primary' | 'canary' | 'shadow'

export interface RequestCounters {
  readonly route: string
  readonly arm: 'primary' | 'canary'
  /** `2xx`, or `none` when the client went before a head was written. */
  readonly codeClass: string
  readonly duration: FoldedHistogram
  readonly timeToFirstByte: FoldedHistogram
}

export interface ShadowCounters {
  readonly route: string
  readonly shadow: string
  readonly eligible: number
  readonly sampled: number
  readonly sent: number
  readonly dropped: Readonly<Record<DropReason, number>>
  readonly pairs: number
  readonly unpaired: Readonly<Record<UnpairedReason, number>>
  readonly inFlight: number
}

/** Seconds; shared by every duration histogram, so that panels can lay them over each other. */
export const DURATION_EDGES_SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]
