import type { Snapshot } from '../../src/config/snapshot.ts'
import { AdminServer } from '../../src/control/admin/server.ts'
import type { Log } from '../../src/control/log.ts'
import { Metrics } from '../../src/control/metrics.ts'
import type { Reloader, ReloadResult } from '../../src/control/reload.ts'
import type { OperatorChange, RolloutDriver } from '../../src/control/rollout-driver.ts'
import { ControlState } from '../../src/control/state.ts'
import { routedSnapshot } from './plans.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. Throws when it is none. */
  json(): unknown
}

const quiet = (): void => {}

/** A real admin server on loopback over a state in the test's hand; behind it no thread runs. */
export class TestAdmin {
  readonly state: ControlState
  readonly server: AdminServer
  /** Messages of the log's error level. */
  readonly errors: string[] = []
  /** What was asked of the reloader and the rollouts, in order. */
  readonly asked: (string | OperatorChange)[] = []
  reloadResult: ReloadResult = { result: 'unchanged', revision: 1 }
  url = ''

  constructor(changes: Partial<Snapshot> = {}) {
    this.state = new ControlState(routedSnapshot(changes))
    const log: Log = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: message => void this.errors.push(message),
      setLevel: quiet,
    }
    this.server = new AdminServer(this.state, new Metrics(this.state), log)
  }

  /** Listens, with a reloader and rollouts that only take notes: applying a configuration takes threads. */
  async start(): Promise<this> {
    const note = (what: string | OperatorChange): Promise<ReloadResult> => {
      this.asked.push(what)
      return Promise.resolve(this.reloadResult)
    }
    this.server.reloader = { reload: note } as unknown as Reloader
    this.server.rollouts = { setByHand: note } as unknown as RolloutDriver
    this.url = await this.server.listen('127.0.0.1', 0)
    return this
  }

  async ask(method: string, path: string, options: { token?: string; body?: string } = {}): Promise<Answer> {
    const { token, body } = options
    const response = await fetch(this.url + path, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown }
  }

  async get(path: string): Promise<unknown> {
    const answer = await this.ask('GET', path)
    if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${answer.text}`)
    return answer.json()
  }
}
