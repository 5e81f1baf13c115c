import { ProxyError } from '../errors.ts'
import { assign } from './assign.ts'
import type { DataPlane } from './data-plane.ts'
import { Exchange } from './exchange.ts'
import type { Downstream } from './http/downstream.ts'
import { checkFraming } from './http/framing.ts'
import { refuse } from './http/refuse.ts'
import { requestIdOf } from './http/request-headers.ts'
import { readTarget } from './http/target.ts'
import { Upload } from './http/upload.ts'
import { match } from './match.ts'
import { READ_BODY_BYTES } from './routing/body-json.ts'

/**
 * The life of an exchange:
 *
 *   1 normalise  framing, target, headers         -> 400 417 501
 *   2 match      a route of the snapshot, match.ts -> 404
 *   3 admit      in-flight and size limits        -> 503 413
 *   4 assign     the arm and the shadows, before any answer exists (assign.ts, shadow/sample.ts)
 *   5 forward    to the arm, the first byte before the last has come (upstream/forward.ts)
 *   6 mirror     to the shadows once the body is whole (shadow/mirror.ts)
 *   7 relay      the answer with back-pressure, capturing (upstream/live-leg.ts)
 *   8 settle     one outcome per sampled shadow (settle.ts)
 *   9 hand over  the pair frame (hand-over.ts, outbox.ts)
 *
 * Steps 5 to 9 follow from the upload: they run when the body is whole, or when it turns out to take longer.
 */
export function handleRequest(plane: DataPlane, client: Downstream): void {
  const exchange = new Exchange(plane, client)
  const refusal = normalise(exchange) ?? match(exchange) ?? admit(exchange)
  if (refusal !== null) {
    refuse(exchange, refusal)
    return
  }
  // Where a model or a key in the body decides, the route or the arm can only be chosen once the body is there.
  if (!exchange.waitsForBody) assign(exchange)
  receive(exchange)
}

function normalise(exchange: Exchange): ProxyError | null {
  const { client } = exchange
  exchange.requestId = requestIdOf(client, exchange.id)
  const framing = checkFraming(client)
  if (framing !== null) {
    client.closeAfterAnswer = true
    return framing
  }
  const target = readTarget(client.target, client.headers.host)
  if (target instanceof ProxyError) return target
  exchange.originForm = target.originForm
  exchange.head = {
    method: client.method,
    path: target.path,
    query: target.query,
    host: target.host,
    headers: client.headers,
    requestId: exchange.requestId,
    address: client.address,
  }
  return null
}

function admit(exchange: Exchange): ProxyError | null {
  const { plane, client } = exchange
  const declared = client.headers['content-length']
  if (declared !== undefined && Number(declared) > plane.limits.bodyBytes) {
    return new ProxyError('BODY_TOO_LARGE', `the body has ${declared} bytes, the limit is ${plane.limits.bodyBytes}`)
  }
  const overload = plane.admit(exchange)
  return overload === null ? null : new ProxyError('OVERLOADED', overload)
}

function receive(exchange: Exchange): void {
  const { plane, client } = exchange
  client.attend(exchange)
  if (!client.hasBody) {
    exchange.forwardWithoutBody()
    return
  }
  const gatherBytes = exchange.waitsForBody ? READ_BODY_BYTES : 0
  exchange.upload = new Upload(client, exchange, plane.relayMemory, plane.limits.bodyBytes, gatherBytes)
  exchange.upload.start(plane.turnEnds)
}
