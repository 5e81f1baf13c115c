import type { LookupAddress } from 'node:dns'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NameLookup } from '../../../../../src/dataplane/upstream/h1/name-lookup.ts'

type Found = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void

const OLD = [{ address: '127.0.0.1', family: 4 }]
const NEW = [
  { address: '127.0.0.2', family: 4 },
  { address: '::2', family: 6 },
]
/** Questions that the system has not answered. */
let asked: { readonly name: string; readonly found: Found }[]
let names: NameLookup

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  names = new NameLookup((name, _options, found) => asked.push({ name, found }))
})
afterEach(() => {
  vi.useRealTimers()
})

/** What each connection got: addresses, the code of an error, or nothing yet. */
function connect(name: string, all = true): { got: unknown } {
  const connection: { got: unknown } = { got: 'nothing' }
  names.lookup(name, { all }, (error, address) => (connection.got = error?.code ?? address))
  return connection
}

const answer = (error: string | null, addresses: readonly LookupAddress[]): void =>
  asked.shift()?.found(error === null ? null : Object.assign(new Error(error), { code: error }), addresses)

test('a name is asked for once at a time, however many connections wait for it', () => {
  const connections = Array.from({ length: 5 }, () => connect('slow.test'))
  const other = connect('other.test')
  expect(asked.map(({ name }) => name)).toEqual(['slow.test', 'other.test'])
  answer(null, OLD)
  expect(connections.map(({ got }) => got)).toEqual(Array.from({ length: 5 }, () => OLD))
  expect(other.got).toBe('nothing')
})

test('and is asked for anew by the next connection', () => {
  connect('a.test')
  answer(null, OLD)
  const next = connect('a.test')
  answer(null, NEW)
  expect(next.got).toEqual(NEW)
})

test('a resolver that takes long is not waited for where there are addresses, and its answer counts from then on', () => {
  connect('a.test')
  answer(null, OLD)
  const [late, later] = [connect('a.test'), connect('a.test', false)]
  vi.advanceTimersByTime(150)
  expect([late.got, later.got]).toEqual(['nothing', 'nothing'])
  vi.advanceTimersByTime(100)
  expect([late.got, later.got]).toEqual([OLD, '127.0.0.1'])
  answer(null, NEW)
  expect(late.got).toEqual(OLD)
  const next = connect('a.test')
  vi.advanceTimersByTime(250)
  expect(next.got).toEqual(NEW)
})

test('a resolver in trouble changes nothing, a name that is gone is gone', () => {
  const first = connect('a.test')
  answer('EAI_AGAIN', [])
  expect(first.got).toBe('EAI_AGAIN')
  connect('a.test')
  answer(null, OLD)
  const troubled = connect('a.test')
  answer('EAI_AGAIN', [])
  expect(troubled.got).toEqual(OLD)
  const gone = connect('a.test')
  answer('ENOTFOUND', [])
  expect(gone.got).toBe('ENOTFOUND')
})

test('a name without addresses is not found', () => {
  const connection = connect('a.test')
  answer(null, [])
  expect(connection.got).toBe('ENOTFOUND')
})
