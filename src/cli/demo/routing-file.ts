import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MODEL_NAME } from './model-endpoints.ts'

export const PRIMARY = 'digits-v1'
export const CANDIDATE = 'digits-v2'
export const INFER_PATH = `/v2/models/${MODEL_NAME}/infer`
const ROUTE = 'digits'

/** The admin API's short name of the only experiment. */
export const EXPERIMENT = `${ROUTE}.${CANDIDATE}`

export interface RoutingFileInput {
  /** Where the file and the records go. */
  readonly directory: string
  readonly primaryUrl: string
  readonly candidateUrl: string
  /** Brokers; empty: no Kafka sink. */
  readonly kafka: readonly string[]
}

export interface RoutingFile {
  readonly path: string
  /** The file sink's file. */
  readonly recordsPath: string
}

/** Writes the routing file of the demo: what a user's own file could look like. */
export function writeRoutingFile({ directory, primaryUrl, candidateUrl, kafka }: RoutingFileInput): RoutingFile {
  const path = join(directory, 'routing.yaml')
  const recordsPath = join(directory, 'pairs.ndjson')
  const lines = [
    '# Written by understudy demo. Port 0 is any free port.',
    'listen: { address: 127.0.0.1:0, threads: 1 }',
    'admin: { address: 127.0.0.1:0 }',
    '# Models, proxy and traffic share this machine: copies are not given up for it.',
    'limits: { busy: 100 }',
    'upstreams:',
    `  ${PRIMARY}: { endpoints: ${quote(primaryUrl)}, version: "1" }`,
    `  ${CANDIDATE}: { endpoints: ${quote(candidateUrl)}, version: "2" }`,
    'routes:',
    `  - name: ${ROUTE}`,
    `    match: { path: ${INFER_PATH} }`,
    `    primary: ${PRIMARY}`,
    `    shadows: [{ upstream: ${CANDIDATE}, percent: 100 }]`,
    '    # Margins that fit two honest retrainings, and times that fit a demo: a verdict within the minute.',
    '    gates:',
    '      agreement: { min: 0.957 }',
    '      errors: { max_increase: 0.01 }',
    '      latency: { max_increase: 0.05, threshold: 50ms }',
    '    verdict: { warm_up: 3s, min_pairs: 500, min_duration: 15s, max_duration: 1h, coverage: 0.95 }',
    'record: { bodies: on-disagreement }',
    'sinks:',
    `  file: { path: ${quote(recordsPath)} }`,
    ...(kafka.length === 0 ? [] : [`  kafka: { brokers: [${kafka.map(quote).join(', ')}] }`]),
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  return { path, recordsPath }
}

/** A JSON string is a YAML string; `$${` stands for a `${` that reads no variable. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('${', () => '$${')
}
