import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util'

/** An option as `parseArgs` takes it, with what `--help` says. */
export interface CommandOption extends ParseArgsOptionDescriptor {
  /** Stands for the value in `--help`; absent for switches. */
  readonly value?: string
  readonly summary: string
}

export type OptionTable = Readonly<Record<string, CommandOption>>

/** Wrong use of the command line: exit code 2, and a pointer to `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The values of a command's options. @throws UsageError for unknown options, missing values and stray words. */
export function readOptions<const Table extends OptionTable>(args: string[], options: Table) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw isParseError(error) ? new UsageError(error.message) : error
  }
}

/** The same with words beside the options, as many as the command takes. @throws UsageError */
export function readWordsAndOptions<const Table extends OptionTable>(args: string[], options: Table, words: number) {
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true })
    if (positionals.length > words) throw new UsageError(`Unexpected argument '${positionals[words]}'`)
    return { values, words: positionals }
  } catch (error) {
    throw isParseError(error) ? new UsageError(error.message) : error
  }
}

export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing`)
  return value
}

/** What `parseArgs` throws; commands that call it themselves are treated alike. */
export function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}
