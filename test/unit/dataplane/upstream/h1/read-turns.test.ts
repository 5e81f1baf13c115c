import { describe, expect, test } from 'vitest'
import { ReadTurns, type TurnTaker } from '../../../../../src/dataplane/upstream/h1/read-turns.ts'
import { turnEnd } from '../../../../support/upload.ts'

/** Reads whenever it may, a and writes down in which turn. */
class Reader implements TurnTaker {
  readonly name: string
  turnPlace: TurnTaker['turnPlace'] = null
  readonly #turns: ReadTurns
  readonly #log: string[]

  constructor(name: string, turns: ReadTurns, log: string[]) {
    this.name = name
    this.#turns = turns
    this.#log = log
  }

  onTurn(): void {
    do this.#log.push(this.name)
    while (this.#turns.mayRead(this))
  }
}

/** As if reads and writes took no time, so that only their number counts. */
const AT_ONCE = (): number => 0

function readers(...names: string[]) {
  const turns = new ReadTurns(AT_ONCE)
  const log: string[] = []
  const all = names.map(name => new Reader(name, turns, log))
  return { turns, all, read: () => log.splice(0).join('') }
}

describe('large reads', () => {
  test('of one connection alone go on eight times a turn', async () => {
    const { all, read } = readers('a')
    all[0]?.onTurn()
    expect(read()).toBe('aaaaaaaa')
    await turnEnd()
    expect(read()).toBe('aaaaaaaa')
  })

  test('of many connections come one connection a turn, in order of arrival', async () => {
    const { turns, all, read } = readers('a', 'b', 'c')
    for (const reader of all) reader.onTurn()
    // The first had the whole share; the others had read already when they were told to stop.
    expect(read()).toBe('aaaaaaaabc')
    for (const reader of all) {
      await turnEnd()
      expect(read()).toBe(reader.name.repeat(8))
      turns.leave(reader)
    }
  })

  test('of an answer that does not end make room for the next after 2 MiB', async () => {
    const { all, read } = readers('a', 'b')
    for (const reader of all) reader.onTurn()
    read()
    const turns: string[] = []
    for (let i = 0; i < 12; i++) {
      await turnEnd()
      turns.push(read())
    }
    expect(turns.map(names => names[0]).join('')).toBe('aaaabbbbaaaa')
    expect(new Set(turns.map(names => names.length))).toEqual(new Set([8]))
  })

  test('of a connection that left the line are nobody else’s loss', async () => {
    const { turns, all, read } = readers('a', 'b', 'c')
    for (const reader of all) reader.onTurn()
    read()
    for (const reader of all.slice(0, 2)) turns.leave(reader)
    await turnEnd()
    expect(read()).toBe('cccccccc')
  })

  test('are not waited for when there is nothing to read', async () => {
    const { turns, all, read } = readers('a', 'b')
    const idle: TurnTaker = { turnPlace: null, onTurn: () => {} }
    for (let i = 0; i < 8; i++) turns.mayRead(idle)
    all[0]?.onTurn()
    read()
    await turnEnd()
    expect(read()).toBe('')
    await turnEnd()
    expect(read()).toBe('aaaaaaaa')
  })

  test('stop earlier when what they bring takes long to write', async () => {
    let nowMs = 0
    const turns = new ReadTurns(() => nowMs)
    const reads: number[] = []
    const slow: TurnTaker = {
      turnPlace: null,
      onTurn: () => {
        let count = 0
        do {
          count++
          nowMs += 0.3
        } while (turns.mayRead(slow))
        reads.push(count)
      },
    }
    slow.onTurn()
    // Each turn has time of its own.
    for (let i = 0; i < 3; i++) await turnEnd()
    expect(reads).toEqual([3, 3, 3, 3])
  })

  test('are one a turn where small answers are under way, and eight again a second after the last of them', async () => {
    let nowMs = 5_000
    const turns = new ReadTurns(() => nowMs)
    const log: string[] = []
    const reader = new Reader('a', turns, log)
    turns.smallEnded(nowMs)
    nowMs += 999
    reader.onTurn()
    for (let i = 0; i < 3; i++) await turnEnd()
    expect(log.splice(0).join('')).toBe('aaaa')
    nowMs += 1
    await turnEnd()
    expect(log.join('')).toBe('aaaaaaaa')
  })

  test('of connections that come back together are shared out like all others', async () => {
    const { turns, all, read } = readers('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    const may = all.filter(reader => turns.mayRead(reader)).map(({ name }) => name)
    expect(may.join('')).toBe('abcdefg')
    await turnEnd()
    expect(read()).toBe('hhhhhhhh')
  })

  test('are permitted for one turn', async () => {
    const { turns, all } = readers('a')
    const { turn } = turns
    expect(turns.mayRead(all[0] as Reader)).toBe(true)
    expect(turns.turn).toBe(turn)
    await turnEnd()
    expect(turns.turn).toBe(turn + 1)
  })
})
