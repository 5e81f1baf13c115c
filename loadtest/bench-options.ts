import { parseArgs } from 'node:util'
import { positive } from './options.ts'

export interface BenchOptions {
  readonly rounds: number
  readonly seconds: number
  /** Names of the sections to run, in their own order. */
  readonly sections: readonly string[]
  /** Where the findings are written as JSON; null: nowhere. */
  readonly json: string | null
}

const ROUNDS = 3
const SECONDS = 3
const QUICK = { rounds: 2, seconds: 1 }

/** Reads the command line; what is given wins over `--quick`. @throws Error for wrong use */
export function readBenchOptions(args: string[], sections: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      rounds: text,
      seconds: text,
      quick: { type: 'boolean' },
      section: { type: 'string', multiple: true },
      json: text,
    },
    strict: true,
  })
  const unknown = values.section?.find(name => !sections.includes(name))
  if (unknown !== undefined) throw new Error(`--section ${unknown}: there are ${sections.join(', ')}`)
  const base = values.quick === true ? QUICK : { rounds: ROUNDS, seconds: SECONDS }
  return {
    rounds: positive('--rounds', values.rounds) ?? base.rounds,
    seconds: positive('--seconds', values.seconds) ?? base.seconds,
    sections: sections.filter(name => values.section?.includes(name) ?? true),
    json: values.json ?? null,
  }
}
