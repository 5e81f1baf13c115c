import { ProxyError } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import { modelOf } from './routing/body-json.ts'
import { matchRoute, modelDecides } from './routing/match.ts'
import type { RouteRuntime } from './runtime.ts'

const MODEL_CHARS_SHOWN = 100

/**
 * Step 2: a route of the current snapshot. Where the model in a body decides, it is taken when the body is there
 * (`matchByBody`); until then the exchange has no route.
 */
export function match(exchange: Exchange): ProxyError | null {
  const { runtime, head, client } = exchange
  const { routes } = runtime.snapshot
  if (runtime.matchesModels && client.hasBody && modelDecides(routes, head)) {
    exchange.waitsForBody = true
    return null
  }
  const refusal = take(exchange)
  exchange.waitsForBody = refusal === null && exchange.route.keysInBody && client.hasBody
  return refusal
}

/** The same once the body has been read: `head.json` holds it, or nothing where it could not be. */
export function matchByBody(exchange: Exchange): ProxyError | null {
  return exchange.matched ? null : take(exchange)
}

function take(exchange: Exchange): ProxyError | null {
  const { runtime, head } = exchange
  const index = matchRoute(runtime.snapshot.routes, head)
  if (index === -1)
    return new ProxyError('NO_ROUTE', `no route matches ${head.method} ${head.path}${ofModel(exchange)}`)
  exchange.route = runtime.routes[index] as RouteRuntime
  exchange.routeName = exchange.route.plan.name
  exchange.matched = true
  return null
}

function ofModel({ waitsForBody, head }: Exchange): string {
  if (!waitsForBody) return ''
  const model = modelOf(head)
  return model === null ? ' without a model' : ` with model ${JSON.stringify(model.slice(0, MODEL_CHARS_SHOWN))}`
}
