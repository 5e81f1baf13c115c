import { z } from 'zod'
import { address, block, count, duration, expected, message, number, oneOf, size, text } from './scalars.ts'
import { serverTls } from './tls.ts'

const listenSettings = {
  threads: z
    .union([z.literal('auto'), count(1, 256)], { error: expected('`auto` or a whole number') })
    .default('auto')
    .describe('Data-plane threads. `auto`: one less than there are cores, at least one.'),
  tls: serverTls.nullable().default(null).describe('Serve TLS to clients; null: plain HTTP.'),
}

const LISTEN_HINT = 'for example listen: 127.0.0.1:8080'

export const listen = z
  .union(
    [
      address().transform(value => ({ ...block(listenSettings).parse({}), address: value })),
      block({ address: address().describe('HOST:PORT that clients connect to.'), ...listenSettings }),
    ],
    { error: expected('an address or a block with `address`', LISTEN_HINT) },
  )
  .describe('Where clients connect. A change needs a restart.')

export const admin = block({
  address: address().prefault('127.0.0.1:9090').describe('HOST:PORT of /metrics and the admin API.'),
  token: text('a text or `none`', 'quote it, or read it with !file or ${NAME}')
    .min(1)
    .nullable()
    .default(null)
    .describe('Bearer token. Needed when the address is not loopback; `none` opens it to everyone who can reach it.'),
})
  .prefault({})
  .describe('The admin address. A change needs a restart.')

export const state = block({
  dir: text('a directory', 'quote it, or write null to keep the state in memory only')
    .min(1, { error: message('is empty', 'name a directory, or write null to keep the state in memory only') })
    .nullable()
    .default(null)
    .describe(
      'Directory for what a restart does not forget, relative to the working directory; made when missing. null: memory only.',
    ),
})
  .prefault({})
  .describe('What is known of experiments. A change needs a restart.')

export const limits = block({
  body: size(1, 2 ** 34)
    .prefault('64MiB')
    .describe('Largest request body; more is answered 413.'),
  headers: size(1024, 2 ** 20)
    .prefault('32KiB')
    .describe('Largest request head; more is answered 431.'),
  connections: count(1, 1_000_000).prefault(10_000).describe('Client connections of the process.'),
  in_flight: count(1, 1_000_000).prefault(2000).describe('Requests under way in the process; more are answered 503.'),
  busy: number('a percentage from 0 to 100', 0, 100)
    .prefault(85)
    .describe(
      'Busy share of the time of a data-plane thread from which shadow copies are given up, 0 to 100. 100: never.',
    ),
  request: duration().prefault('60s').describe('Time for a whole request to arrive.'),
  header_wait: duration().prefault('10s').describe('Time for the head of a request to arrive.'),
  idle: duration().prefault('75s').describe('Time a client connection may be idle between requests.'),
})
  .prefault({})
  .describe('What a client may ask for.')

export const log = block({
  level: oneOf(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least important level that is logged.'),
  access: number('a share from 0 to 1', 0, 1).prefault(0).describe('Share of requests with a log line, 0 to 1.'),
})
  .prefault({})
  .describe('Logging, as JSON lines on standard output.')
