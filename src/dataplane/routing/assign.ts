import type { CanaryPlan, KeySource, RoutePlan, ShadowPlan } from '../../config/snapshot.ts'
import { bucketOf } from './hash.ts'
import { readKey } from './key.ts'
import type { RequestHead } from './request-head.ts'

/** One decision and what it hung on, so that `explain` can say why. */
export interface Decision {
  readonly chosen: boolean
  /** null: the request has no key and the decision was random. */
  readonly key: string | null
  /** 0..100; chosen when below the percentage. */
  readonly bucket: number
}

/** Salts of their own: whether a user is a canary says nothing about whether the request is shadowed. */
const canarySalt = (route: RoutePlan): string => `canary:${route.name}`
const shadowSalt = (route: RoutePlan): string => `shadow:${route.name}`

/** Sticky: a user who is in at 5 % is still in at 10 %, on every thread, replica and restart. */
export function decideCanary(route: RoutePlan, canary: CanaryPlan, head: RequestHead): Decision {
  return decide(canarySalt(route), canary.sticky, canary.percent, head)
}

/** All shadows of a route share one salt: they get nested subsets of the same requests. */
export function decideShadow(route: RoutePlan, shadow: ShadowPlan, head: RequestHead): Decision {
  return decide(shadowSalt(route), shadow.key, shadow.percent, head)
}

/** The control has a salt of its own, or it would get the very requests that a small sample of shadows gets. */
export function decideControl(route: RoutePlan, control: ShadowPlan, head: RequestHead): Decision {
  return decide(`control:${route.name}`, control.key, control.percent, head)
}

function decide(salt: string, source: KeySource | null, percent: number, head: RequestHead): Decision {
  const key = source === null ? null : readKey(source, head)
  const bucket = key === null ? Math.random() * 100 : bucketOf(salt, key)
  return { chosen: bucket < percent, key, bucket }
}
