import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DeadlineWheel, type WheelEntry } from '../../../../src/dataplane/deadline-wheel.ts'
import { Endpoint } from '../../../../src/dataplane/upstream/endpoint.ts'
import { WaitingLine, type Waiter } from '../../../../src/dataplane/upstream/waiting-line.ts'
import { endpointPlan, upstreamPlan } from '../../../support/plans.ts'

const PATIENCE_MS = 1_000
const LIMIT = 3

class Client implements Waiter {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly tried: readonly Endpoint[]
  wanted = true
  heard: 'nothing' | 'an endpoint' | 'its deadline' = 'nothing'

  constructor(tried: readonly Endpoint[] = []) {
    this.tried = tried
  }

  onEndpoint(): boolean {
    if (this.wanted) this.heard = 'an endpoint'
    return this.wanted
  }

  onDeadline(): void {
    this.heard = 'its deadline'
  }
}

let wheel: DeadlineWheel
let line: WaitingLine
let endpoint: Endpoint

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  wheel = new DeadlineWheel()
  line = new WaitingLine(wheel, LIMIT, PATIENCE_MS)
  endpoint = new Endpoint(endpointPlan('http://127.0.0.1:9001'), 0, upstreamPlan())
})

afterEach(() => {
  wheel.stop()
  vi.useRealTimers()
  endpoint.connections.destroy()
})

function join(count: number): Client[] {
  const clients = Array.from({ length: count }, () => new Client())
  for (const client of clients) expect(line.join(client)).toBe(true)
  return clients
}

const heard = (clients: readonly Client[]): string[] => clients.map(client => client.heard)

describe('a waiting line', () => {
  test('serves whoever came first, one for each free connection', () => {
    const clients = join(3)
    line.serve(() => endpoint)
    expect(heard(clients)).toEqual(['an endpoint', 'nothing', 'nothing'])
    line.serve(() => endpoint)
    line.serve(() => endpoint)
    expect(heard(clients)).toEqual(['an endpoint', 'an endpoint', 'an endpoint'])
    expect(line.empty).toBe(true)
  })

  test('does nothing for a free connection while nobody waits', () => {
    line.serve(() => endpoint)
    expect(line.empty).toBe(true)
  })

  test('is full at its limit, until somebody is served', () => {
    join(LIMIT)
    expect(line.join(new Client())).toBe(false)
    line.serve(() => endpoint)
    expect(line.join(new Client())).toBe(true)
  })

  test('tells whoever has waited too long, once, and gives them nothing afterwards', () => {
    const early = join(1)
    vi.advanceTimersByTime(PATIENCE_MS / 2)
    const late = join(1)
    vi.advanceTimersByTime(PATIENCE_MS / 2 + 30)
    expect(heard([...early, ...late])).toEqual(['its deadline', 'nothing'])
    line.serve(() => endpoint)
    expect(heard([...early, ...late])).toEqual(['its deadline', 'an endpoint'])
  })

  test('has no deadline for those it has served', () => {
    const clients = join(1)
    line.serve(() => endpoint)
    vi.advanceTimersByTime(3 * PATIENCE_MS)
    expect(heard(clients)).toEqual(['an endpoint'])
  })

  test('passes over clients that left', () => {
    const clients = join(3)
    for (const gone of clients.slice(0, 2)) gone.wanted = false
    line.serve(() => endpoint)
    expect(heard(clients)).toEqual(['nothing', 'nothing', 'an endpoint'])
    expect(line.empty).toBe(true)
  })

  test('is not kept full by those who have given up', () => {
    join(LIMIT)
    vi.advanceTimersByTime(PATIENCE_MS + 30)
    const fresh = join(LIMIT)
    expect(line.join(new Client())).toBe(false)
    line.serve(() => endpoint)
    expect(heard(fresh)).toEqual(['an endpoint', 'nothing', 'nothing'])
  })

  test('one who has tried an endpoint stays for another, and those behind are served', () => {
    const stays = new Client([endpoint])
    expect(line.join(stays)).toBe(true)
    const behind = join(1)
    const pick = (tried: readonly Endpoint[]): Endpoint | null => (tried.includes(endpoint) ? null : endpoint)
    expect([line.serve(pick), line.serve(pick)]).toEqual([true, false])
    expect(heard([stays, ...behind])).toEqual(['nothing', 'an endpoint'])
    expect(line.serve(() => endpoint)).toBe(true)
    expect(stays.heard).toBe('an endpoint')
  })
})
