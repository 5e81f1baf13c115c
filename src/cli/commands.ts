import type { OptionTable } from './options.ts'

export interface Command {
  readonly name: string
  readonly summary: string
  /** What follows `understudy NAME` in the usage line. */
  readonly usage: string
  readonly options: OptionTable
  /** Loaded on use, so that `--help` and `version` start fast and need no library. */
  readonly load: () => Promise<{ run(args: string[]): Promise<number> }>
}

const CONFIG = { type: 'string', short: 'c', value: 'FILE', summary: 'the routing file (required)' } as const
const JSON_OUTPUT = { type: 'boolean', summary: 'print JSON for machines' } as const

export const SERVE_OPTIONS = { config: CONFIG } as const satisfies OptionTable

export const DEMO_OPTIONS = {
  scenario: { type: 'string', value: 'better|broken|same', summary: 'how the candidate compares with the primary' },
  for: { type: 'string', value: 'DURATION', summary: 'end after this time, for example 60s; 0: run until Ctrl-C' },
  kafka: { type: 'string', value: 'BROKERS', summary: 'also publish to these brokers, for example 127.0.0.1:9092' },
  rate: { type: 'string', value: 'N', summary: 'requests per second (default 300)' },
  json: { type: 'boolean', summary: 'no live view; print the summary as JSON' },
} as const satisfies OptionTable

export const VALIDATE_OPTIONS = {
  config: CONFIG,
  probe: { type: 'boolean', summary: 'also try every upstream and sink, and the state directory' },
  json: JSON_OUTPUT,
} as const satisfies OptionTable

export const EXPLAIN_OPTIONS = {
  config: CONFIG,
  method: { type: 'string', value: 'METHOD', summary: 'method of the request (default POST)' },
  path: { type: 'string', value: 'PATH', summary: 'path of the request, with its query (required)' },
  header: {
    type: 'string',
    multiple: true,
    value: "'NAME: VALUE'",
    summary: 'a header of the request; may be repeated',
  },
  body: {
    type: 'string',
    value: '@FILE',
    summary: 'body of the request, or @FILE to read it: its size decides what is copied',
  },
  address: { type: 'string', value: 'IP', summary: 'address of the client (default 127.0.0.1)' },
  json: JSON_OUTPUT,
} as const satisfies OptionTable

const ADMIN = { type: 'string', value: 'URL', summary: 'admin address (default http://127.0.0.1:9090)' } as const
const TOKEN = {
  type: 'string',
  value: 'TOKEN',
  summary: 'admin token (default: the environment variable UNDERSTUDY_TOKEN)',
} as const

export const VERDICT_OPTIONS = {
  admin: ADMIN,
  token: TOKEN,
  wait: { type: 'boolean', summary: 'wait until it is no longer CONTINUE' },
  timeout: { type: 'string', value: 'DURATION', summary: 'wait no longer than this (default 1h)' },
  output: { type: 'string', value: 'text|json|junit|markdown', summary: 'how it is printed (default text)' },
} as const satisfies OptionTable

export const REPORT_OPTIONS = {
  format: {
    type: 'string',
    value: 'markdown|html|json',
    summary: 'what it is printed as (default: as the name of FILE ends; markdown where it has no ending)',
  },
  output: { type: 'string', short: 'o', value: 'FILE', summary: 'write it to this file, whole or not at all' },
  admin: ADMIN,
  token: TOKEN,
} as const satisfies OptionTable

export const REPLAY_OPTIONS = {
  config: CONFIG,
  experiment: {
    type: 'string',
    value: 'EXPERIMENT',
    summary: 'which recorded one, by its id or ROUTE.CANDIDATE (default: the one that FILE is about)',
  },
  output: VERDICT_OPTIONS.output,
} as const satisfies OptionTable

export const SCHEMA_OPTIONS = {} as const satisfies OptionTable

export const VERSION_OPTIONS = { json: JSON_OUTPUT } as const satisfies OptionTable

export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    summary: 'run the proxy',
    usage: '-c FILE',
    options: SERVE_OPTIONS,
    load: () => import('./serve.ts'),
  },
  {
    name: 'demo',
    summary: 'see shadow testing at work on this machine',
    usage: '[--scenario better|broken|same] [--for DURATION] [--kafka BROKERS] [--rate N] [--json]',
    options: DEMO_OPTIONS,
    load: () => import('./demo.ts'),
  },
  {
    name: 'validate',
    summary: 'check a routing file',
    usage: '-c FILE [--probe] [--json]',
    options: VALIDATE_OPTIONS,
    load: () => import('./validate.ts'),
  },
  {
    name: 'explain',
    summary: 'say what becomes of a request, and why',
    usage: "-c FILE --path PATH [--method METHOD] [--header 'NAME: VALUE']... [--body @FILE] [--json]",
    options: EXPLAIN_OPTIONS,
    load: () => import('./explain.ts'),
  },
  {
    name: 'verdict',
    summary: 'say whether a candidate may be promoted, for people and CI',
    usage: 'EXPERIMENT [--admin URL] [--token TOKEN] [--wait --timeout DURATION] [--output text|json|junit|markdown]',
    options: VERDICT_OPTIONS,
    load: () => import('./verdict.ts'),
  },
  {
    name: 'report',
    summary: 'print the promotion report of an experiment, or write it to a file',
    usage: 'EXPERIMENT [--format markdown|html|json] [-o FILE] [--admin URL] [--token TOKEN]',
    options: REPORT_OPTIONS,
    load: () => import('./report.ts'),
  },
  {
    name: 'replay',
    summary: 'recompute a verdict from recorded pairs and windows',
    usage: 'RECORDS... -c FILE [--experiment EXPERIMENT] [--output text|json|junit|markdown]',
    options: REPLAY_OPTIONS,
    load: () => import('./replay.ts'),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of the routing file',
    usage: '',
    options: SCHEMA_OPTIONS,
    load: () => import('./schema.ts'),
  },
  {
    name: 'version',
    summary: 'print versions',
    usage: '[--json]',
    options: VERSION_OPTIONS,
    load: () => import('./version.ts'),
  },
]

export function findCommand(name: string): Command | undefined {
  return COMMANDS.find(command => command.name === name)
}
