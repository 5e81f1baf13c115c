import { z } from 'zod'
import { parseFieldPath } from '../field-path.ts'
import { TOKEN_PATTERN } from '../key-source.ts'
import { suggest } from '../suggest.ts'
import {
  ADDRESS_PATTERN,
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseAddress,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from '../units.ts'

/**
 * The building blocks of the schema. A message of ours is `what is wrong`, a line break, `what to do` (may be empty):
 * issues.ts parts the two again. Messages name types, never values: a value may be a secret.
 */
export function message(what: string, hint = ''): string {
  return `${what}\n${hint}`
}

interface RawIssue {
  readonly input?: unknown
}

/** The message for a value of the wrong type, or for none at all. */
export function expected(what: string, hint = '', hintWhenMissing = hint): (issue: RawIssue) => string {
  return ({ input }) =>
    input === undefined
      ? message('is required', hintWhenMissing)
      : message(`expected ${what}, got ${typeName(input)}`, hint)
}

function typeName(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a block of keys'
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`
}

/** A block of keys that refuses all others. For unknown keys the message lists the known ones, for issues.ts to search. */
export function block<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape)
  const wrongType = expected('a block of keys', `its keys are ${known.join(', ')}`)
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? known.join(' ') : wrongType(issue)),
  })
}

export function list<Item extends z.ZodType>(item: Item, hint: string) {
  return z.array(item, { error: expected('a list', hint) })
}

export function text(what: string, hint = '') {
  return z.string({ error: expected(what, hint) })
}

/** A string that must match; `what` also says what it is when it does not. */
export function pattern(regex: RegExp, what: string, hint = '') {
  return text(what, hint).regex(regex, { error: message(`is not ${what}`, hint) })
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? suggest(input, values) : null
      return message(`expected one of ${values.join(', ')}`, near === null ? '' : `did you mean \`${near}\`?`)
    },
  })
}

/** Text that reads as a number is one, because `${NAME}` always expands to text. */
function numberFromText(value: unknown): unknown {
  return typeof value === 'string' && /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value) ? Number(value) : value
}

export function number(what: string, min: number, max: number, hint = '', hintWhenMissing = hint) {
  return z.preprocess(
    numberFromText,
    z
      .number({ error: expected(what, hint, hintWhenMissing) })
      .min(min, { error: message(`must be at least ${min}`, hint) })
      .max(max, { error: message(`must be at most ${max}`, hint) }),
  )
}

/** Of another type, or with a fraction. */
const notWhole = (issue: RawIssue): string =>
  typeof issue.input === 'number'
    ? message('expected a whole number, got one with a fraction')
    : expected('a whole number')(issue)

export function count(min: number, max: number) {
  return z.preprocess(
    numberFromText,
    z
      .int({ error: notWhole })
      .min(min, { error: message(`must be at least ${min}`) })
      .max(max, { error: message(`must be at most ${max}`) }),
  )
}

/** A share of traffic. There is no default: a wrong guess either hides a candidate or doubles the load. */
export function percent(meaning: string) {
  return number(
    'a percentage from 0 to 100',
    0,
    100,
    'percent is a number from 0 to 100 without a % sign, for example 5 or 0.01',
    `Understudy never guesses a share: say ${meaning}, from 0 to 100`,
  )
}

export function flag() {
  return z.preprocess(
    value => (value === 'true' ? true : value === 'false' ? false : value),
    z.boolean({ error: expected('true or false', 'YAML 1.2 reads yes, no, on and off as plain text') }),
  )
}

const DURATION_HINT = 'write a whole number and a unit: 250ms, 2s, 10m or 1h'
/** Timers of Node.js overflow at 24.8 days. */
export const MAX_DURATION_MS = 24 * 24 * 3_600_000

/** Milliseconds, from `min` to 24 days. */
export function duration(minMs = 1) {
  return pattern(DURATION_PATTERN, 'a duration', DURATION_HINT)
    .transform(text => parseDuration(text) ?? Number.POSITIVE_INFINITY)
    .pipe(
      z
        .number({ error: message('must be at most 24 days') })
        .min(minMs, { error: message(`must be at least ${formatDuration(minMs)}`) })
        .max(MAX_DURATION_MS, { error: message('must be at most 24 days') }),
    )
}

const SIZE_HINT = 'write a whole number and a unit: 64KiB, 1MiB, 2GiB, or plain bytes'

/** Bytes. */
export function size(minBytes: number, maxBytes: number) {
  const error = { error: expected('a size', SIZE_HINT) }
  return z
    .union(
      [pattern(SIZE_PATTERN, 'a size', SIZE_HINT), z.int(error).min(0, { error: message('is not a size', SIZE_HINT) })],
      error,
    )
    .transform(value => (typeof value === 'number' ? value : (parseSize(value) ?? Number.POSITIVE_INFINITY)))
    .pipe(
      z
        .number({ error: message(`must be at most ${formatSize(maxBytes)}`) })
        .min(minBytes, { error: message(`must be at least ${formatSize(minBytes)}`) })
        .max(maxBytes, { error: message(`must be at most ${formatSize(maxBytes)}`) }),
    )
}

const ADDRESS_HINT = 'write HOST:PORT, for example 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080'

export function address(hint = ADDRESS_HINT) {
  return pattern(ADDRESS_PATTERN, 'an address', hint).transform((text, context) => {
    const parsed = parseAddress(text)
    if (parsed !== null) return parsed
    context.addIssue(message('has a port over 65535', hint))
    return z.NEVER
  })
}

/** Ids are joined with dots, so a name has none. */
const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/

export function name(what: string) {
  return pattern(
    NAME_PATTERN,
    `a name of ${what}`,
    'use up to 63 lower-case letters, digits, - and _, starting with a letter or a digit',
  )
}

export function headerName() {
  return pattern(TOKEN_PATTERN, 'a header name').transform(name => name.toLowerCase())
}

/** What HTTP/1.1 can carry: latin1 without control characters. */
export function headerValue() {
  return pattern(
    /^[\t\x20-\x7e\x80-\xff]*$/,
    'a header value',
    'quote numbers; line breaks and characters beyond latin1 cannot be sent',
  )
}

export function method() {
  return pattern(TOKEN_PATTERN, 'an HTTP method', 'for example POST').transform(name => name.toUpperCase())
}

const FIELD_PATH_HINT = "write $.a.b, $.a[0], $.a[*], $.* or $['odd name']"

/** The text of a field path, where it is a key of the file. */
export function fieldPathKey() {
  return text('a field path', FIELD_PATH_HINT).refine(key => parseFieldPath(key) !== null, {
    error: message('is not a field path', FIELD_PATH_HINT),
  })
}

export function fieldPath() {
  const hint = FIELD_PATH_HINT
  return pattern(/^\$/, 'a field path', hint).transform((text, context) => {
    const path = parseFieldPath(text)
    if (path !== null) return path
    context.addIssue(message('is not a field path', hint))
    return z.NEVER
  })
}
