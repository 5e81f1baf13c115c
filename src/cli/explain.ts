import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { EXPLAIN_OPTIONS } from './commands.ts'
import { explainRequest } from './explanation.ts'
import { explanationText } from './explanation-text.ts'
import { loadFile } from './load-file.ts'
import { readOptions, required, UsageError } from './options.ts'
import { TOKEN_PATTERN } from '../config/key-source.ts'
import { bodyJson } from '../dataplane/routing/body-json.ts'
import type { RequestHead } from '../dataplane/routing/request-head.ts'

/** `understudy explain`: says which route, arm, shadows and buckets a request gets, with the proxy's own decisions. */
export async function run(args: string[]): Promise<number> {
  const options = readOptions(args, EXPLAIN_OPTIONS)
  const file = required(options.config, '-c FILE')
  const head = requestHead({
    target: required(options.path, '--path PATH'),
    method: options.method ?? 'POST',
    headers: readHeaders(options.header ?? []),
    address: options.address ?? '127.0.0.1',
  })
  const body = readBody(options.body)
  const explanation = explainRequest(loadFile(file), { ...head, json: bodyJson(body) }, body)
  console.log(options.json === true ? JSON.stringify(explanation) : explanationText(explanation))
  return 0
}

interface Request {
  readonly target: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly address: string
}

function requestHead({ target, method, headers, address }: Request): RequestHead {
  if (!target.startsWith('/')) throw new UsageError('--path must start with /')
  if (!TOKEN_PATTERN.test(method)) throw new UsageError('--method is not an HTTP method')
  if (isIP(address) === 0) throw new UsageError('--address must be an IP address, for example 192.0.2.7')
  const [path = '', ...query] = target.split('?')
  return {
    method: method.toUpperCase(),
    path,
    query: query.join('?'),
    host: (headers.host ?? '').toLowerCase(),
    headers,
    requestId: singleHeader(headers, 'x-request-id') ?? randomUUID(),
    address,
  }
}

function singleHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Repeated headers are joined as Node.js joins them on the proxy's side. */
function readHeaders(lines: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (colon < 1 || !TOKEN_PATTERN.test(name)) throw new UsageError("--header must look like 'NAME: VALUE'")
    const before = singleHeader(headers, name)
    const value = line.slice(colon + 1).trim()
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return headers
}

function readBody(body: string | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0)
  if (!body.startsWith('@')) return Buffer.from(body)
  try {
    return readFileSync(body.slice(1))
  } catch {
    throw new UsageError(`--body: the file ${body.slice(1)} cannot be read`)
  }
}
