import type { ComparePlan, ExperimentPlan, Snapshot } from '../../src/config/snapshot.ts'
import { encodePairFrame, pairFrameBytes, type FrameLeg, type PairFrame } from '../../src/wire/pair-frame.ts'
import type { CapturedAnswer } from './captures.ts'

export const INFER_PATH = '/v2/models/digits/infer'

export function comparePlan(changes: Partial<ComparePlan> = {}): ComparePlan {
  return {
    payload: 'auto',
    task: 'auto',
    ignore: [],
    tolerance: { absolute: 1e-6, relative: 1e-3 },
    fields: [],
    thresholds: { cosine: 0.999, rbo: 0.95, similarity: null },
    limits: { bodyBytes: 4 * 1024 * 1024, timeMs: 10_000 },
    ...changes,
  }
}

export function experimentPlan(changes: Partial<ExperimentPlan> = {}): ExperimentPlan {
  return {
    id: 'digits.v2.00000000',
    route: 'digits',
    primary: { upstream: 'v1', version: '1' },
    candidate: { upstream: 'v2', version: '2' },
    inclusion: 1,
    maxBodyBytes: 1024 * 1024,
    compare: comparePlan(),
    unit: null,
    role: 'candidate',
    gates: {
      agreement: { min: 0.99 },
      errors: { maxIncrease: 0.002 },
      latency: { percentile: 99, maxIncrease: 0.005, thresholdUs: null },
      timeToFirstToken: null,
      slowdown: null,
      canaryErrors: null,
      canaryLatency: null,
    },
    verdict: {
      alphaRollback: 0.01,
      alphaPromote: 0.05,
      warmUpMs: 60_000,
      minPairs: 500,
      minDurationMs: 600_000,
      maxDurationMs: 86_400_000,
      coverage: 0.98,
    },
    ...changes,
  }
}

export function snapshotOf(experiments: readonly ExperimentPlan[], changes: Partial<Snapshot> = {}): Snapshot {
  return {
    revision: 1,
    hash: '000000000000',
    source: 'test.yaml',
    files: [],
    listen: { host: '127.0.0.1', port: 0, threads: 1, tls: null },
    admin: { host: '127.0.0.1', port: 0, token: null },
    state: { dir: null },
    limits: {
      bodyBytes: 1024 * 1024,
      headersBytes: 32 * 1024,
      connections: 100,
      inFlight: 100,
      busyShare: 0.85,
      requestMs: 1000,
      headerWaitMs: 1000,
      idleMs: 1000,
    },
    upstreams: [],
    routes: [],
    experiments,
    record: { bodies: 'on-disagreement', maxBodyBytes: 16 * 1024, redactPaths: [], redactHeaders: [] },
    sinks: { file: null, kafka: null },
    log: { level: 'info', access: 0 },
    ...changes,
  }
}

/** A leg that answered with this body. */
export function leg(body: string | Buffer, changes: Partial<FrameLeg> = {}): FrameLeg {
  const bytes = Buffer.from(body)
  return {
    endpoint: 0,
    status: 200,
    error: null,
    latencyUs: 2_000,
    ttfbUs: 1_000,
    bytes: bytes.length,
    contentType: 'application/json',
    contentEncoding: '',
    headerLength: 0,
    capture: 'complete',
    body: bytes,
    arrivals: null,
    ...changes,
  }
}

export function capturedLeg(answer: CapturedAnswer): FrameLeg {
  return leg(answer.body, {
    status: answer.status,
    contentType: answer.headers.get('content-type') ?? '',
    contentEncoding: answer.headers.get('content-encoding') ?? '',
    headerLength: Number(answer.headers.get('inference-header-content-length') ?? 0),
  })
}

export function pairFrame(primary: FrameLeg, shadow: FrameLeg, changes: Partial<PairFrame> = {}): PairFrame {
  return {
    revision: 1,
    experiment: 0,
    arrivedAtUs: 1_700_000_000_000_000,
    sentFirst: 'primary',
    id: 'exchange-1',
    requestId: 'request-1',
    unit: '',
    method: 'POST',
    path: INFER_PATH,
    requestType: 'application/json',
    requestEncoding: '',
    requestBody: Buffer.from('{"inputs":[]}'),
    requestBytes: changes.requestBody?.length ?? 13,
    primary,
    shadow,
    sameAnswer: false,
    hasControl: false,
    session: null,
    ...changes,
  }
}

/** The frames as a data-plane thread packs them. */
export function packed(frames: readonly PairFrame[]): { buffer: SharedArrayBuffer; used: number; count: number } {
  const used = frames.reduce((sum, frame) => sum + pairFrameBytes(frame), 0)
  const buffer = new SharedArrayBuffer(used)
  const target = Buffer.from(buffer) as unknown as Buffer
  let offset = 0
  for (const frame of frames) offset = encodePairFrame(frame, target, offset)
  return { buffer, used, count: frames.length }
}
