import type { Contender, Topology } from './contender.ts'
import type { ModelServers } from './model-servers.ts'
import { startEnvoy } from './run-envoy.ts'
import { startHaproxy } from './run-haproxy.ts'
import { startNginx } from './run-nginx.ts'
import { startFloorRelay, startHttpProxy } from './run-node-proxy.ts'
import { startUnderstudy, type UnderstudyForm } from './run-proxy.ts'
import type { Tools } from './tools.ts'

/** A row of a table. */
export interface Contestant extends Contender {
  /** Whether it sends a copy of every request to the shadow. */
  readonly mirrors: boolean
  /** Understudy's admin address; null: it is not Understudy. */
  readonly adminUrl: string | null
  /** Memory of the whole process; null: it was not asked for. */
  readonly rssBytes: (() => number) | null
}

/** What ratios are asked between. */
export const ROW = {
  direct: 'direct',
  nginx: 'nginx',
  nginxMirror: 'nginx mirror',
  haproxy: 'HAProxy',
  envoy: 'Envoy',
  envoyMirror: 'Envoy mirror',
  httpProxy: 'http-proxy',
  floorMirror: 'raw relay, mirror (the floor)',
  plain: 'Understudy',
  mirror: 'Understudy mirror',
  compare: 'Understudy mirror + compare',
  kafka: 'Understudy mirror + compare + Kafka',
} as const

/** Room for every copy: a row that drops some would look cheap. Whatever makes Understudy drop copies is turned off here. */
const ROOMY: UnderstudyForm = { connections: 256, maxInFlight: 1024, limits: { busy: 100 } }

/** `copying` does what the mirrors of nginx and Envoy do, and without a shadow what a proxy does; `comparing` is the default. */
export const FORMS = {
  copying: { ...ROOMY, compare: 'off', record: 'off' },
  comparing: ROOMY,
} as const satisfies Record<string, UnderstudyForm>

/** Starts contestants in front of the model servers of one section. */
export class Starter {
  readonly #tools: Tools
  readonly #servers: ModelServers

  constructor(tools: Tools, servers: ModelServers) {
    this.#tools = tools
    this.#servers = servers
  }

  direct(): Contestant {
    const contender = { name: ROW.direct, port: this.#servers.primaryPort, cpuMs: () => Number.NaN }
    return { ...contender, mirrors: false, adminUrl: null, rssBytes: null, stop: async () => {} }
  }

  async understudy(name: string, mirrors: boolean, form: UnderstudyForm): Promise<Contestant> {
    return { ...(await startUnderstudy(this.#topology(mirrors), { ...form, name })), mirrors }
  }

  /** null, like those below: it is not on this machine. */
  async nginx(name: string, mirrors: boolean): Promise<Contestant | null> {
    return this.#tools.nginx === null ? null : row(name, mirrors, await startNginx(this.#topology(mirrors)))
  }

  async haproxy(): Promise<Contestant | null> {
    return this.#tools.haproxy === null ? null : row(ROW.haproxy, false, await startHaproxy(this.#topology(false)))
  }

  async envoy(name: string, mirrors: boolean, bufferBytes: number | null = null): Promise<Contestant | null> {
    const { envoy } = this.#tools
    if (envoy === null) return null
    return row(name, mirrors, await startEnvoy(envoy.binary, this.#topology(mirrors), { bufferBytes }))
  }

  async httpProxy(): Promise<Contestant> {
    return row(ROW.httpProxy, false, await startHttpProxy(this.#topology(false)))
  }

  async floor(): Promise<Contestant> {
    return row(ROW.floorMirror, true, await startFloorRelay(this.#topology(true)))
  }

  #topology(mirrors: boolean): Topology {
    const { primaryPort, shadow } = this.#servers
    return { primaryPort, shadow: mirrors ? shadow : null }
  }
}

function row(name: string, mirrors: boolean, contender: Contender): Contestant {
  return { ...contender, name, mirrors, adminUrl: null, rssBytes: null }
}
