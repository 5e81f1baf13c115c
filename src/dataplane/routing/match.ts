import type { MatchPlan, RoutePlan } from '../../config/snapshot.ts'
import { modelOf } from './body-json.ts'
import type { RequestHead } from './request-head.ts'

/** The first route of the file whose every given part matches; -1 when none does. */
export function matchRoute(routes: readonly RoutePlan[], head: RequestHead): number {
  for (let i = 0; i < routes.length; i++) {
    if (mismatch((routes[i] as RoutePlan).match, head) === null) return i
  }
  return -1
}

/** Whether the body, not read yet, decides: but for its model, the first route that matches is one that asks for one. */
export function modelDecides(routes: readonly RoutePlan[], head: RequestHead): boolean {
  for (const { match } of routes) {
    const part = mismatch(match, head)
    if (part === null || part === 'model') return part === 'model'
  }
  return false
}

export type MatchPart = 'host' | 'path' | 'prefix' | 'methods' | 'headers' | 'model'

/** The first part that does not match, in the words of the routing file; null when all do. The model is looked at last. */
export function mismatch(match: MatchPlan, head: RequestHead): MatchPart | null {
  if (match.path !== null && match.path !== head.path) return 'path'
  if (match.prefix !== null && !underPrefix(match.prefix, head.path)) return 'prefix'
  if (match.host !== null && match.host !== head.host && match.host !== withoutPort(head.host)) return 'host'
  if (match.methods.length > 0 && !match.methods.includes(head.method)) return 'methods'
  for (const [name, value] of match.headers) {
    if (head.headers[name] !== value) return 'headers'
  }
  if (match.model !== null && match.model !== modelOf(head)) return 'model'
  return null
}

/** `/v2` holds `/v2` and `/v2/x`, not `/v2x`. */
function underPrefix(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  return prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/'
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}
