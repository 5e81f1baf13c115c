import { describe, expect, test } from 'vitest'
import { problemsOf, SMALLEST } from './routing-files.ts'

const replaced = (part: string, by: string): string => {
  if (!SMALLEST.includes(part)) throw new Error(`the smallest file has no ${part}`)
  return SMALLEST.replace(part, by)
}

const ramped = (steps: string): string =>
  replaced(
    '    shadows',
    `    canary: { upstream: churn-v2, percent: 5, ramp: { steps: ${steps}, every: 1m } }\n    shadows`,
  )

const CASES: readonly { problem: string; text: string; message: string }[] = [
  {
    problem: 'broken YAML',
    text: replaced('percent: 100 }]', 'percent: 100'),
    message: `routing.yaml:10:1  the YAML is broken: Flow map in block collection must be sufficiently indented and end with a }
    hint: keys of one block start in the same column; brackets are closed before the block ends`,
  },
  {
    problem: 'a tab as indentation',
    text: replaced('    primary', '\tprimary'),
    message: `routing.yaml:8:1  the YAML is broken: Tabs are not allowed as indentation
    hint: indent with spaces`,
  },
  {
    problem: 'a duplicate key',
    text: replaced('    primary: churn-v1', '    primary: churn-v1\n    primary: churn-v2'),
    message: `routing.yaml:9:5  routes[0].primary: this key appears twice in its block
    hint: remove one of the two`,
  },
  {
    problem: 'an unknown tag',
    text: replaced('listen: 127.0.0.1:8080', 'listen: !env LISTEN'),
    message: `routing.yaml:1:9  this YAML tag is not known
    hint: the only tag is !file, as in token: !file admin.token`,
  },
  {
    problem: 'an empty file',
    text: '# nothing yet\n',
    message: `routing.yaml:1:1  the file is empty
    hint: start with listen, upstreams and routes`,
  },
  {
    problem: 'a wrong type',
    text: replaced('{ path: /v2/models/churn/infer }', '{ path: /v2, methods: POST }'),
    message: `routing.yaml:7:34  routes[0].match.methods: expected a list, got a string
    hint: for example [POST]`,
  },
  {
    problem: 'a gate on streams that nobody reads',
    text: replaced('percent: 100 }]', 'percent: 100 }]\n    compare: off\n    gates: { time_to_first_token: {} }'),
    message: `routing.yaml:11:14  routes[0].gates.time_to_first_token: no stream is read: \`compare\` is off
    hint: remove the gate, or compare the answers`,
  },
  {
    problem: 'a missing percent',
    text: replaced(', percent: 100', ''),
    message: `routing.yaml:9:15  routes[0].shadows[0].percent: is required
    hint: Understudy never guesses a share: say which share of the requests is copied, from 0 to 100`,
  },
  {
    problem: 'a percent with a sign',
    text: replaced('percent: 100', 'percent: 5%'),
    message: `routing.yaml:9:46  routes[0].shadows[0].percent: expected a percentage from 0 to 100, got a string
    hint: percent is a number from 0 to 100 without a % sign, for example 5 or 0.01`,
  },
  {
    problem: 'a percent out of range',
    text: replaced('percent: 100', 'percent: 100.5'),
    message: `routing.yaml:9:46  routes[0].shadows[0].percent: must be at most 100
    hint: percent is a number from 0 to 100 without a % sign, for example 5 or 0.01`,
  },
  {
    problem: 'an unknown key, and what was missing because of it',
    text: replaced('percent: 100', 'percnt: 100'),
    message: `routing.yaml:9:15  routes[0].shadows[0].percent: is required
    hint: Understudy never guesses a share: say which share of the requests is copied, from 0 to 100
routing.yaml:9:37  routes[0].shadows[0].percnt: unknown key
    hint: did you mean \`percent\`?`,
  },
  {
    problem: 'an unknown key that is like no other',
    text: `${SMALLEST}zebra: 1\n`,
    message: `routing.yaml:10:1  zebra: unknown key
    hint: known keys here: listen, admin, state, limits, upstreams, routes, record, sinks, log`,
  },
  {
    problem: 'an unknown upstream that is most like the one in another place',
    text: replaced('upstream: churn-v2', 'upstream: churn-v'),
    message: `routing.yaml:9:27  routes[0].shadows[0].upstream: there is no upstream \`churn-v\`
    hint: did you mean \`churn-v2\`?`,
  },
  {
    problem: 'gates that ask nothing',
    text: replaced('    shadows', '    gates: {}\n    shadows'),
    message: `routing.yaml:9:5  routes[0].gates: asks nothing
    hint: leave it out for the defaults, or declare a gate`,
  },
  {
    problem: 'a header that frames the request',
    text: replaced('percent: 100 }', 'percent: 100, headers: { set: { Content-Length: "1" } } }'),
    message: `routing.yaml:9:69  routes[0].shadows[0].headers.set.Content-Length: is a header that Understudy writes itself
    hint: leave it out: it belongs to one connection, and the proxy has its own`,
  },
  {
    problem: 'a header that marks copies',
    text: replaced('percent: 100 }', 'percent: 100, headers: { remove: [x-understudy-role] } }'),
    message: `routing.yaml:9:71  routes[0].shadows[0].headers.remove[0]: is a header that Understudy writes itself
    hint: leave it out: it marks copies and answers, and is never the client's`,
  },
  {
    problem: 'a share that is a percentage',
    text: replaced('    shadows', '    gates: { agreement: { min: 95 } }\n    shadows'),
    message: `routing.yaml:9:32  routes[0].gates.agreement.min: must be at most 0.999999999
    hint: a share, for example 0.99`,
  },
  {
    problem: 'off as false',
    text: `${SMALLEST}record: false\n`,
    message: `routing.yaml:10:9  record: expected a block of keys or \`off\`, got true or false
    hint: to switch it off write off`,
  },
  {
    problem: 'a fraction where things are counted',
    text: `${SMALLEST}limits: { in_flight: 1.5 }\n`,
    message: `routing.yaml:10:22  limits.in_flight: expected a whole number, got one with a fraction`,
  },
  {
    problem: 'an unknown upstream',
    text: replaced('primary: churn-v1', 'primary: chrun-v1'),
    message: `routing.yaml:8:14  routes[0].primary: there is no upstream \`chrun-v1\`
    hint: did you mean \`churn-v1\`?`,
  },
  {
    problem: 'a duplicate route',
    text: `${SMALLEST}  - { name: churn, match: { path: /other }, primary: churn-v1 }\n`,
    message: `routing.yaml:10:13  routes[1].name: there is already a route \`churn\`
    hint: give each route its own name`,
  },
  {
    problem: 'a route that can never match',
    text: `${SMALLEST}  - { name: late, match: { path: /v2/models/churn/infer }, primary: churn-v1 }\n`,
    message: `routing.yaml:10:19  routes[1].match: never gets a request: route \`churn\` matches the same
    hint: the first route that matches is taken: make this one differ, or remove it`,
  },
  {
    problem: 'a shadow that is the primary',
    text: replaced('upstream: churn-v2', 'upstream: churn-v1'),
    message: `routing.yaml:9:27  routes[0].shadows[0].upstream: the shadow is the primary
    hint: to test a version against itself, name its endpoints as a second upstream`,
  },
  {
    problem: 'a shadow named twice',
    text: replaced('percent: 100 }', 'percent: 100 }, { upstream: churn-v2, percent: 5 }'),
    message: `routing.yaml:9:65  routes[0].shadows[1].upstream: \`churn-v2\` is already a shadow of this route
    hint: remove one of the two`,
  },
  {
    problem: 'a gate about clients of a canary that is not there',
    text: replaced('    shadows', '    gates: { agreement: { min: 0.9 }, canary_latency: {} }\n    shadows'),
    message: `routing.yaml:9:39  routes[0].gates.canary_latency: the route has no canary
    hint: add a canary:, or remove the gate`,
  },
  {
    problem: 'a ramp whose steps do not ascend',
    text: ramped('[5, 25, 25]'),
    message: `routing.yaml:9:62  routes[0].canary.ramp.steps: must ascend
    hint: write each step once, the smallest first; 0 is no step`,
  },
  {
    problem: 'a ramp with a step of 0',
    text: ramped('[0, 25]'),
    message: `routing.yaml:9:62  routes[0].canary.ramp.steps: must ascend
    hint: write each step once, the smallest first; 0 is no step`,
  },
  {
    problem: 'a ramp with a step over 100',
    text: ramped('[5, 101]'),
    message: `routing.yaml:9:66  routes[0].canary.ramp.steps[1]: must be at most 100
    hint: a step is a percentage over 0 and up to 100, for example steps: [1, 5, 25]`,
  },
  {
    problem: 'a ramp without steps and without time',
    text: ramped('[]').replace('every: 1m', 'every: 0s'),
    message: `routing.yaml:9:62  routes[0].canary.ramp.steps: is an empty list
    hint: a step is a percentage over 0 and up to 100, for example steps: [1, 5, 25]
routing.yaml:9:73  routes[0].canary.ramp.every: must be at least 1ms`,
  },
  {
    problem: 'a ramp that starts above its last step, and has no gate to stop at',
    text: ramped('[1, 2]').replace('    shadows', '    gates: {}\n    shadows'),
    message: `routing.yaml:9:44  routes[0].canary.percent: is over the last step of the ramp
    hint: start at or below it, or remove the ramp
routing.yaml:9:47  routes[0].canary.ramp: needs a gate: without one no harm ever shows
    hint: declare one in \`gates\``,
  },
  {
    problem: 'a ramp that only gates of pairs could stop, without a shadow',
    text: replaced(
      'shadows: [{ upstream: churn-v2, percent: 100 }]',
      'gates: { slowdown: { median_ratio: 1.1 } }\n    canary: { upstream: churn-v2, percent: 1, ramp: { steps: [5], every: 1m } }',
    ),
    message: `routing.yaml:10:47  routes[0].canary.ramp: needs a gate: without one no harm ever shows
    hint: declare canary_errors or canary_latency in \`gates\``,
  },
  {
    problem: 'a path of copies that no request line can hold',
    text: replaced('percent: 100', 'percent: 100, path: /a b'),
    message: `routing.yaml:9:57  routes[0].shadows[0].path: is not a path
    hint: a path starts with / and has no query and no spaces; percent-encode what is not ASCII`,
  },
  {
    problem: 'a number that JSON does not have',
    text: replaced('percent: 100', 'percent: 100, set_body: { a: [.nan] }'),
    message: `routing.yaml:9:66  routes[0].shadows[0].set_body.a: is nothing that JSON can say`,
  },
  {
    problem: 'bodies to be changed that take too long to read',
    text: replaced('percent: 100', 'percent: 100, max_body: 5MiB, set_body: { a: 1 }'),
    message: `routing.yaml:9:61  routes[0].shadows[0].max_body: must be at most 4MiB where there is a \`set_body\`
    hint: \`set_body\` is applied on the threads that serve clients: set max_body to at most 4MiB, or leave set_body out`,
  },
  {
    problem: 'sessions that no method lets through',
    text: replaced('percent: 100', 'percent: 100, methods: [POST], websockets: true'),
    message: `routing.yaml:9:80  routes[0].shadows[0].websockets: copies nothing where \`methods\` has no GET
    hint: add GET to methods, or remove websockets`,
  },
  {
    problem: 'a variable that is not set',
    text: replaced('127.0.0.1:8080', '"127.0.0.1:${PORT}"'),
    message: `routing.yaml:1:9  listen: the environment variable PORT is not set
    hint: set PORT, or give it a default: \${PORT:-default}`,
  },
  {
    problem: 'a certificate that does not exist',
    text: replaced(
      'listen: 127.0.0.1:8080',
      'listen: { address: 127.0.0.1:8080, tls: { cert: none.pem, key: some.key } }',
    ),
    message: `routing.yaml:1:43  listen.tls.cert: the file does not exist
    hint: the path is relative to the routing file, in DIRECTORY
routing.yaml:1:59  listen.tls.key: is not a private key
    hint: it must be PEM text, which starts with -----BEGIN; a key with a passphrase cannot be used`,
  },
  {
    problem: 'an admin address that is not loopback, without token',
    text: `${SMALLEST}admin: { address: 0.0.0.0:9090 }\n`,
    message: `routing.yaml:10:19  admin.address: an admin address that is not loopback needs a token
    hint: add token: !file admin.token, or token: none to open it to everyone who can reach it`,
  },
  {
    problem: 'an endpoint with a path',
    text: replaced('http://127.0.0.1:9001', 'http://127.0.0.1:9001/v2'),
    message: `routing.yaml:3:13  upstreams.churn-v1: must not have a path
    hint: the path of the client's request is kept; write http://HOST:PORT or https://HOST:PORT`,
  },
  {
    problem: 'an endpoint in a list with another scheme',
    text: replaced('http://127.0.0.1:9001', '{ endpoints: ["http://127.0.0.1:9001", "ftp://a:1"] }'),
    message: `routing.yaml:3:52  upstreams.churn-v1.endpoints[1]: has a scheme other than http and https
    hint: write http://HOST:PORT or https://HOST:PORT`,
  },
  {
    problem: 'an upstream name with a dot',
    text: replaced('churn-v2: http', 'churn.v2: http').replace('upstream: churn-v2', 'upstream: churn-v1'),
    message: `routing.yaml:4:3  upstreams["churn.v2"]: is not a name of an upstream
    hint: use up to 63 lower-case letters, digits, - and _, starting with a letter or a digit`,
  },
  {
    problem: 'a version without quotes',
    text: replaced(
      'churn-v1: http://127.0.0.1:9001',
      'churn-v1: { endpoints: "http://127.0.0.1:9001", version: 1.10 }',
    ),
    message: `routing.yaml:3:60  upstreams.churn-v1.version: expected a quoted text, got a number
    hint: write version: "2" in quotes, because 1.10 without quotes is the number 1.1`,
  },
  {
    problem: 'yes as a boolean',
    text: replaced('churn-v1: http://127.0.0.1:9001', 'churn-v1: { endpoints: "https://a", tls: { insecure: yes } }'),
    message: `routing.yaml:3:56  upstreams.churn-v1.tls.insecure: expected true or false, got a string
    hint: YAML 1.2 reads yes, no, on and off as plain text`,
  },
  {
    problem: 'a misspelt choice',
    text: `${SMALLEST}log: { level: warning }\n`,
    message: `routing.yaml:10:15  log.level: expected one of debug, info, warn, error, silent
    hint: did you mean \`warn\`?`,
  },
  {
    problem: 'a fractional duration',
    text: `${SMALLEST}limits: { idle: 1.5s }\n`,
    message: `routing.yaml:10:17  limits.idle: is not a duration
    hint: write a whole number and a unit: 250ms, 2s, 10m or 1h`,
  },
  {
    problem: 'TLS settings that nothing uses',
    text: replaced('churn-v1: http://127.0.0.1:9001', 'churn-v1: { endpoints: "http://a", tls: { insecure: true } }'),
    message: `routing.yaml:3:38  upstreams.churn-v1.tls: has no effect: no endpoint is https
    hint: write the endpoints as https://HOST:PORT, or remove tls`,
  },
]

describe('a routing file is refused with place, path, message and hint for', () => {
  test.each(CASES)('$problem', ({ text, message }) => {
    expect(problemsOf(text, {}, { 'some.key': 'no key' })).toBe(message)
  })
})
