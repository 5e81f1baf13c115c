import { z } from 'zod'
import { parseFieldPath } from '../field-path.ts'
import { TOKEN_PATTERN } from '../key-source.ts'
import { PAYLOAD_KINDS, TASK_KINDS } from '../snapshot.ts'
import { fields, limits, thresholds, tolerance } from './compare.ts'
import {
  address,
  block,
  count,
  duration,
  expected,
  fieldPath,
  list,
  message,
  oneOf,
  pattern,
  size,
  text,
} from './scalars.ts'
import { clientTls } from './tls.ts'

const off = (key: string) => z.literal('off', { error: message('is not off') }).describe(`Switches ${key} off.`)

const comparison = block({
  payload: oneOf(PAYLOAD_KINDS)
    .default('auto')
    .describe('How answers are read: as one of the protocols, as JSON, text or bytes, or by path and body.'),
  task: oneOf(TASK_KINDS).default('auto').describe('What the model does, which decides what agreement means.'),
  ignore: list(fieldPath(), 'for example [$.id]')
    .prefault(['$.id', '$.created'])
    .describe('Fields that are not compared.'),
  tolerance: tolerance.prefault({}).describe('When two numbers agree: within absolute + relative × |primary|.'),
  fields,
  thresholds: thresholds.prefault({}).describe('From where on two answers agree.'),
  limits: limits.prefault({}).describe('What a pair may cost; over it the pair is incomparable, reason too_large.'),
})

export const compare = z
  .union([off('comparison'), comparison], { error: expected('a block of keys or `off`', 'to switch it off write off') })
  .prefault({})
  .describe('How the answers of a pair are compared. `off`: pairs are counted and timed, not decoded.')

const REDACT_HINT = 'write header:NAME or a field path like $.email'

const redaction = text('something to redact', REDACT_HINT).transform((text, context) => {
  const header = text.startsWith('header:') ? text.slice('header:'.length) : null
  if (header !== null && TOKEN_PATTERN.test(header)) return { header: header.toLowerCase() }
  const path = parseFieldPath(text)
  if (path !== null) return { path }
  context.addIssue(message('is neither a header nor a field path', REDACT_HINT))
  return z.NEVER
})

const recording = block({
  bodies: oneOf(['never', 'on-disagreement', 'always'])
    .default('on-disagreement')
    .describe('When bodies are part of a record.'),
  max_body: size(0, 16 * 2 ** 20)
    .prefault('16KiB')
    .describe('Longer bodies are cut in the record.'),
  redact: list(redaction, REDACT_HINT)
    .prefault(['header:authorization', 'header:cookie', '$.email'])
    .describe('Headers and body fields replaced before a record leaves memory.'),
})

export const record = z
  .union([off('records'), recording], { error: expected('a block of keys or `off`', 'to switch it off write off') })
  .prefault({})
  .describe('What a pair record carries. `off`: no pair records.')

const fileSink = block({
  path: text('a path')
    .min(1)
    .default('./understudy-pairs.ndjson')
    .describe('NDJSON file, relative to the working directory.'),
  rotate: size(64 * 1024, 2 ** 40)
    .prefault('256MiB')
    .describe('Start a new file at this size.'),
  keep: count(1, 10_000).prefault(4).describe('Files kept, the current one included.'),
})

const topic = () => pattern(/^[A-Za-z0-9._-]{1,249}$/, 'a topic name', 'use up to 249 letters, digits, ., _ and -')

const kafkaSink = block({
  brokers: list(address('write HOST:PORT, for example 127.0.0.1:9092'), 'for example [127.0.0.1:9092]')
    .min(1, { error: message('is an empty list', 'for example [127.0.0.1:9092]') })
    .describe('Brokers to start from.'),
  pairs: topic().default('understudy.pairs').describe('Topic of pair records.'),
  windows: topic().default('understudy.windows').describe('Topic of sealed windows.'),
  compression: oneOf(['none', 'gzip', 'zstd']).default('zstd').describe('Compression of batches.'),
  acks: oneOf(['all', 'leader', 'none'])
    .default('all')
    .describe('Who must have a batch before it counts as delivered.'),
  linger: duration(0).prefault('20ms').describe('How long a batch waits for more records.'),
  tls: clientTls
    .nullable()
    .default(null)
    .describe('TLS to the brokers; an empty block uses the defaults, null is no TLS.'),
  sasl: block({
    mechanism: oneOf(['plain', 'scram-sha-256', 'scram-sha-512']).describe('SASL mechanism.'),
    username: text('a text').min(1).describe('User name.'),
    password: text('a text', 'quote it, or read it with !file or ${NAME}').min(1).describe('Password.'),
  })
    .nullable()
    .default(null)
    .describe('Authentication at the brokers.'),
})

export const sinks = block({
  file: fileSink.nullable().default(null).describe('Records as lines of a local file.'),
  kafka: kafkaSink.nullable().default(null).describe('Records as messages of Kafka topics.'),
})
  .transform(named => (named.file === null && named.kafka === null ? { ...named, file: fileSink.parse({}) } : named))
  .prefault({})
  .describe('Where records and windows go. When none is named: the file sink with its defaults.')
