import { INFER_PATH } from './behaviours.ts'
import type { Topology } from './contender.ts'
import { serveRouting, type ServedRouting } from './serve-routing.ts'

/**
 * What may differ between two Understudies under measurement; what is left out is the default of the routing file, but
 * for one data-plane thread.
 */
export interface UnderstudyForm {
  /** As the tables call it. */
  readonly name?: string
  readonly threads?: number
  /** `limits` of the routing file. */
  readonly limits?: Readonly<Record<string, unknown>>
  /** Connections per model server. */
  readonly connections?: number
  /** `max_in_flight` and `max_body` of the shadow. */
  readonly maxInFlight?: number
  readonly maxBody?: string
  readonly compare?: 'off'
  readonly record?: 'off'
  readonly sinks?: Readonly<Record<string, unknown>>
}

/** Starts Understudy from source. Rejects with its stderr when it does not start. */
export function startUnderstudy(topology: Topology, form: UnderstudyForm = {}): Promise<ServedRouting> {
  return serveRouting(form.name ?? 'Understudy', routingFile(topology, form))
}

/** Ephemeral ports. Without a form: pairs are captured, compared and written to a file. */
export function routingFile({ primaryPort, shadow }: Topology, form: UnderstudyForm = {}): object {
  const upstream = (url: string): object => ({ endpoints: url, ...given('connections', form.connections) })
  const copies = {
    upstream: 'candidate',
    percent: 100,
    ...given('max_in_flight', form.maxInFlight),
    ...given('max_body', form.maxBody),
  }
  return {
    listen: { address: '127.0.0.1:0', threads: form.threads ?? 1 },
    admin: { address: '127.0.0.1:0' },
    ...given('limits', form.limits),
    upstreams: {
      primary: upstream(`http://127.0.0.1:${primaryPort}`),
      ...(shadow === null ? {} : { candidate: upstream(shadow.url) }),
    },
    routes: [
      {
        name: 'churn',
        match: { path: INFER_PATH },
        primary: 'primary',
        shadows: shadow === null ? [] : [copies],
        ...given('compare', form.compare),
      },
    ],
    ...given('record', form.record),
    ...given('sinks', form.sinks),
  }
}

/** A key of the routing file, or none for its default. */
function given(key: string, value: unknown): object {
  return value === undefined ? {} : { [key]: value }
}
