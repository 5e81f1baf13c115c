/**
 * The compiled routing file: immutable, plain data (it is cloned into every thread), everything resolved and in units.
 * Upstreams and experiments are referred to by their index in this snapshot; frames carry `revision` beside the index.
 */
export interface Snapshot {
  /** 1 for the first configuration of a process, then one more for each that was applied. */
  readonly revision: number
  /** First 12 hex digits of the SHA-256 of the resolved configuration, secrets included as their own hash. */
  readonly hash: string
  /** The file's path as the user gave it. */
  readonly source: string
  /** Certificates and secrets the file names, absolute paths: a change of one of them is a change of the configuration. */
  readonly files: readonly string[]
  readonly listen: ListenPlan
  readonly admin: { readonly host: string; readonly port: number; readonly token: string | null }
  /** `dir`: relative to the working directory; null: what is known of experiments is in memory only. */
  readonly state: { readonly dir: string | null }
  readonly limits: LimitsPlan
  readonly upstreams: readonly UpstreamPlan[]
  readonly routes: readonly RoutePlan[]
  readonly experiments: readonly ExperimentPlan[]
  /** null: `record: off`. */
  readonly record: RecordPlan | null
  readonly sinks: SinksPlan
  readonly log: { readonly level: LogLevel; readonly access: number }
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface ListenPlan {
  readonly host: string
  readonly port: number
  /** Data-plane threads; `auto` is resolved to max(1, cores - 1). */
  readonly threads: number
  readonly tls: ServerTlsPlan | null
}

/** PEM texts, already read from the files named in the routing file. */
export interface ServerTlsPlan {
  readonly cert: string
  readonly key: string
  readonly ca: string | null
  readonly clientAuth: boolean
}

export interface ClientTlsPlan {
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
  readonly servername: string | null
  readonly insecure: boolean
}

export interface LimitsPlan {
  readonly bodyBytes: number
  readonly headersBytes: number
  /** Per process; each data-plane thread gets its even share, rounded up. */
  readonly connections: number
  readonly inFlight: number
  /** Busy share of a thread's time from which shadow copies are given up, 0..1; 1: never. */
  readonly busyShare: number
  readonly requestMs: number
  readonly headerWaitMs: number
  readonly idleMs: number
}

export interface UpstreamPlan {
  readonly name: string
  readonly version: string | null
  readonly endpoints: readonly EndpointPlan[]
  readonly balance: 'least-inflight' | 'round-robin'
  /** Connections per endpoint and data-plane thread. */
  readonly connections: number
  readonly timeouts: UpstreamTimeouts
  readonly health: HealthPlan
  readonly outlier: OutlierPlan
  readonly host: HostPolicy
  readonly headers: HeaderRules
  readonly tls: ClientTlsPlan | null
}

export interface EndpointPlan {
  /** `http://10.0.0.4:9001` */
  readonly origin: string
  /** `10.0.0.4:9001`, what goes into a Host header. */
  readonly authority: string
}

/** Active checks: GET `path` on every endpoint. */
export interface HealthPlan {
  /** null: no active checks. */
  readonly path: string | null
  readonly intervalMs: number
  readonly unhealthyAfter: number
  readonly healthyAfter: number
}

/** Passive checks: an endpoint that fails `errors` times in a row is left out for `ejectMs`. */
export interface OutlierPlan {
  readonly errors: number
  readonly ejectMs: number
  /** Largest share of the endpoints that is left out, 0..100; beyond it all are used. */
  readonly maxEjectedPercent: number
}

export interface UpstreamTimeouts {
  readonly connectMs: number
  readonly firstByteMs: number
  readonly betweenBytesMs: number
  readonly totalMs: number
}

export type HostPolicy =
  | { readonly kind: 'preserve' }
  | { readonly kind: 'upstream' }
  | { readonly kind: 'literal'; readonly value: string }

/** Header names are lower case. */
export interface HeaderRules {
  readonly set: readonly (readonly [name: string, value: string])[]
  readonly remove: readonly string[]
}

export interface RoutePlan {
  readonly name: string
  readonly match: MatchPlan
  /** Index into `Snapshot.upstreams`. */
  readonly primary: number
  readonly canary: CanaryPlan | null
  readonly shadows: readonly ShadowPlan[]
  /** A shadow that runs the primary's version: what it says otherwise than the primary is noise. */
  readonly control: ShadowPlan | null
  /** Pairs of one unit have one vote in an experiment; null: every exchange is its own. */
  readonly unit: KeySource | null
}

/** All parts that are given must match; null or empty means "any". */
export interface MatchPlan {
  /** Lower case, without port unless the user wrote one. */
  readonly host: string | null
  readonly path: string | null
  readonly prefix: string | null
  readonly methods: readonly string[]
  /** Lower-case name and exact value. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Exact text of the top-level `model` of a JSON body. */
  readonly model: string | null
}

export interface CanaryPlan {
  readonly upstream: number
  /** Index into `Snapshot.experiments`; that of the shadow with the same upstream, where there is one. */
  readonly experiment: number
  /** 0..100: the file's, or what an operator, a ramp or a rollback has made of it. */
  readonly percent: number
  /** null: nobody but an operator raises the percentage. */
  readonly ramp: RampPlan | null
  /** What a ROLLBACK of the canary's experiment does: percent 0 until an operator resumes, or nothing. */
  readonly onRollback: 'stop' | 'none'
  /** null: a new random decision for each request. */
  readonly sticky: KeySource | null
  /** What answers when the canary has no usable endpoint. */
  readonly fallback: 'primary' | 'none'
}

/** Percentages the canary takes one after the other while no harm shows. */
export interface RampPlan {
  /** Ascending, 0..100, at least one. */
  readonly steps: readonly number[]
  /** Judged time without harm before each step. */
  readonly everyMs: number
  /** The verdict that a step needs at least. */
  readonly when: 'CONTINUE' | 'PROMOTE'
}

export interface ShadowPlan {
  readonly upstream: number
  /** Index into `Snapshot.experiments`. */
  readonly experiment: number
  /** 0..100. */
  readonly percent: number
  readonly key: KeySource
  readonly timeoutMs: number
  /** Per data-plane thread. */
  readonly maxInFlight: number
  /** null: none. */
  readonly ceilings: CeilingsPlan | null
  /** Copies of larger requests are not sent; larger answers are drained but not compared. */
  readonly maxBodyBytes: number
  /** Upper case. */
  readonly methods: readonly string[]
  readonly headers: HeaderRules
  /** What copies ask for instead of the path of the request; the query stays. */
  readonly path: string | null
  /** JSON text of a merge patch (RFC 7386), an object, for the bodies of copies. */
  readonly setBody: string | null
  /** WebSocket connections are copied as well. */
  readonly websockets: boolean
}

/** What a shadow may cost, per process; null: that is not limited. Days are those of UTC. */
export interface CeilingsPlan {
  readonly perSecond: number | null
  readonly perDay: number | null
  /** Of bodies, both ways. */
  readonly bytesPerDay: number | null
}

/** Where a sticky or sampling key comes from. `request` is the request id. */
export type KeySource =
  | { readonly kind: 'request' }
  | { readonly kind: 'address' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  /** A field of a JSON request body. */
  | { readonly kind: 'json'; readonly path: FieldPath }

/** One (primary version, candidate version, comparison settings) on one route; evidence is never mixed across these. */
export interface ExperimentPlan {
  /** `{route}.{candidate upstream}.{8 hex of version + comparison settings}`. */
  readonly id: string
  readonly route: string
  /** `control`: the pairs of the primary with itself, which are not judged. */
  readonly role: 'candidate' | 'control'
  readonly primary: { readonly upstream: string; readonly version: string | null }
  readonly candidate: { readonly upstream: string; readonly version: string | null }
  /** Probability that an eligible exchange is sampled, 0..1; 0: the candidate is a canary only. */
  readonly inclusion: number
  /** Captured answers are cut here. */
  readonly maxBodyBytes: number
  /** null: every exchange has a vote. */
  readonly unit: UnitPlan | null
  /** null: `compare: off`. */
  readonly compare: ComparePlan | null
  readonly gates: GatesPlan
  readonly verdict: VerdictPlan
}

/** What has one vote. */
export interface UnitPlan {
  /** As the user wrote it. */
  readonly source: string
  /** Records redact it: they carry a hash in its place. */
  readonly isRedacted: boolean
}

/** What is asked of the candidate; null: that is not asked. */
export interface GatesPlan {
  /** Least share of pairs that agree, between 0 and 1; or most by which it may be less than that of the control. */
  readonly agreement: { readonly min: number } | { readonly belowNoise: number } | null
  /** Most by which the share of failures may be larger than the primary's. */
  readonly errors: { readonly maxIncrease: number } | null
  /** Most by which the share of answers over the threshold may be; null: the primary's percentile in the warm-up. */
  readonly latency: {
    readonly percentile: number
    readonly maxIncrease: number
    readonly thresholdUs: number | null
  } | null
  /** The same of the time to the first token, of streamed answers. */
  readonly timeToFirstToken: {
    readonly percentile: number
    readonly maxIncrease: number
    readonly thresholdUs: number | null
  } | null
  /** Largest median of shadow over primary latency. */
  readonly slowdown: { readonly medianRatio: number } | null
  /** Of the canary's clients against the primary's: most times as often, and most more often than the primary's frozen share. */
  readonly canaryErrors: { readonly maxRatio: number; readonly maxIncrease: number } | null
  /** The same of answers over the threshold; null: the primary's percentile in the warm-up. */
  readonly canaryLatency: {
    readonly percentile: number
    readonly maxRatio: number
    readonly maxIncrease: number
    readonly thresholdUs: number | null
  } | null
}

export interface VerdictPlan {
  /** Chance of a false rollback, over all gates and looks. */
  readonly alphaRollback: number
  /** Chance of a wrong promotion. */
  readonly alphaPromote: number
  readonly warmUpMs: number
  readonly minPairs: number
  readonly minDurationMs: number
  readonly maxDurationMs: number
  /** Least share of the sampled exchanges that must have been compared, 0..1. */
  readonly coverage: number
}

const SLOWDOWN_RATIO = 1.1

/** From which ratio of shadow to primary latency on windows count a pair as slower; also where no gate asks for it. */
export function slowdownRatio(experiment: ExperimentPlan): number {
  return experiment.gates.slowdown?.medianRatio ?? SLOWDOWN_RATIO
}

export interface ComparePlan {
  readonly payload: PayloadKind
  readonly task: TaskKind
  readonly ignore: readonly FieldPath[]
  readonly tolerance: TolerancePlan
  /** Settings of single fields, the general paths before the special ones: the last that speaks of a field decides. */
  readonly fields: readonly FieldPlan[]
  readonly thresholds: ThresholdsPlan
  /** What a pair may cost; one that costs more is incomparable. */
  readonly limits: {
    /** Of one answer without its content encoding. */
    readonly bodyBytes: number
    readonly timeMs: number
  }
}

/** Two numbers agree when they are `absolute + relative * |primary|` apart or less. */
export interface TolerancePlan {
  readonly absolute: number
  readonly relative: number
}

export interface FieldPlan {
  readonly path: FieldPath
  /** For the numbers at and below the path; null: that of what is above. */
  readonly tolerance: TolerancePlan | null
  /** `set`: the same items in any order are the same list. */
  readonly order: 'list' | 'set'
}

/** From where on two answers agree. */
export interface ThresholdsPlan {
  /** Least cosine of two embeddings, -1..1. */
  readonly cosine: number
  /** Least rank-biased overlap of two rankings, 0..1. */
  readonly rbo: number
  /** Least similarity of two texts, 0..1; null: they must be the same. */
  readonly similarity: number | null
}

export const PAYLOAD_KINDS = ['auto', 'oip', 'tfserving', 'openai', 'json', 'text', 'bytes'] as const
export type PayloadKind = (typeof PAYLOAD_KINDS)[number]

export const TASK_KINDS = [
  'auto',
  'classification',
  'regression',
  'embedding',
  'ranking',
  'generation',
  'structure',
] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/** `$.a.b[0]` is `['a', 'b', 0]`; `[*]` and `.*` are ANY_CHILD. `$` alone is the empty path. */
export type FieldPath = readonly FieldStep[]
export type FieldStep = string | number | { readonly any: true }
export const ANY_CHILD = { any: true } as const satisfies FieldStep

export interface RecordPlan {
  readonly bodies: 'never' | 'on-disagreement' | 'always'
  readonly maxBodyBytes: number
  /** Fields of JSON bodies that are replaced before a record leaves the process' memory. */
  readonly redactPaths: readonly FieldPath[]
  /** Lower-case names. */
  readonly redactHeaders: readonly string[]
}

export interface SinksPlan {
  readonly file: FileSinkPlan | null
  readonly kafka: KafkaSinkPlan | null
}

export interface FileSinkPlan {
  readonly path: string
  readonly rotateBytes: number
  readonly keep: number
}

export interface KafkaSinkPlan {
  readonly brokers: readonly string[]
  readonly pairs: string
  readonly windows: string
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly acks: 'all' | 'leader' | 'none'
  readonly lingerMs: number
  readonly tls: ClientTlsPlan | null
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string } | null
}

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'
