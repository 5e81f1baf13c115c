import { parseArgs } from 'node:util'

/** What both benchmarks can be told. */
export interface BenchOptions {
  /** Whether it works is asked, not how well. */
  readonly quick: boolean
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** null: the benchmark chooses. */
  readonly rate: number | null
  /** How long the primary's model thinks about a request; 0: not at all. */
  readonly modelMs: number
  /** The shadows to measure, of those that the benchmark has. */
  readonly shadows: readonly string[]
}

export interface BenchDefaults {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly quick: { readonly rounds: number; readonly seconds: number }
  readonly shadows: readonly string[]
  /** Without one the model of the primary takes no time. */
  readonly modelMs?: number
}

/** Reads the command line. What is given wins over `--quick`, and that over the defaults. @throws Error for wrong use */
export function readOptions(args: string[], defaults: BenchDefaults): BenchOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      rounds: text,
      seconds: text,
      rate: text,
      'model-ms': text,
      connections: text,
      quick: { type: 'boolean' },
      shadow: { type: 'string', multiple: true },
    },
    strict: true,
  })
  const quick = values.quick === true
  const base = quick ? defaults.quick : defaults
  return {
    quick,
    rounds: positive('--rounds', values.rounds) ?? base.rounds,
    seconds: positive('--seconds', values.seconds) ?? base.seconds,
    connections: positive('--connections', values.connections) ?? defaults.connections,
    rate: positive('--rate', values.rate),
    modelMs: values['model-ms'] === '0' ? 0 : (positive('--model-ms', values['model-ms']) ?? defaults.modelMs ?? 0),
    shadows: known(values.shadow, defaults.shadows),
  }
}

/** A number given on the command line; null: it was not given. @throws Error for anything but a whole number above 0 */
export function positive(name: string, value: string | undefined): number | null {
  if (value === undefined) return null
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${name} needs a whole number above 0, not ${JSON.stringify(value)}`)
}

function known(asked: readonly string[] | undefined, all: readonly string[]): readonly string[] {
  const unknown = asked?.find(name => !all.includes(name))
  if (unknown !== undefined) throw new Error(`--shadow ${unknown}: there are ${all.join(', ')}`)
  return asked ?? all
}
