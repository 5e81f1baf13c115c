import { parseArgs } from 'node:util'

/** What a benchmark of named cases can be told. */
export interface CaseOptions {
  readonly rounds: number
  readonly seconds: number
  /** The cases to measure, of those that the benchmark has. */
  readonly cases: readonly string[]
}

export interface CaseDefaults {
  readonly rounds: number
  readonly seconds: number
  readonly quick: { readonly rounds: number; readonly seconds: number }
  readonly cases: readonly string[]
}

/** Reads the command line, where `--<option> NAME` chooses cases. What is given wins over `--quick`. @throws Error */
export function readCaseOptions(args: string[], option: string, defaults: CaseDefaults): CaseOptions {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean' },
      [option]: { type: 'string', multiple: true },
    },
    strict: true,
  })
  const base = values.quick === true ? defaults.quick : defaults
  return {
    rounds: positive('--rounds', values.rounds) ?? base.rounds,
    seconds: positive('--seconds', values.seconds) ?? base.seconds,
    cases: known(option, values[option], defaults.cases),
  }
}

type Value = string | boolean | (string | boolean)[] | undefined

function positive(name: string, value: Value): number | null {
  if (value === undefined) return null
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${name} needs a whole number above 0, not ${JSON.stringify(value)}`)
}

function known(option: string, asked: Value, all: readonly string[]): readonly string[] {
  if (!Array.isArray(asked)) return all
  const unknown = asked.find(name => !all.includes(String(name)))
  if (unknown !== undefined) throw new Error(`--${option} ${unknown}: there are ${all.join(', ')}`)
  return asked.map(String)
}
