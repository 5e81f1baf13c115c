import { expect, test } from 'vitest'
import { HeadMemory } from '../../../../src/dataplane/h1/head-memory.ts'

function memoryThatCounts() {
  const parsed: string[] = []
  const memory = new HeadMemory(text => {
    parsed.push(text)
    return { text }
  })
  return { parsed, memory }
}

test('a head that comes again is read once, another one anew', () => {
  const { parsed, memory } = memoryThatCounts()
  expect(memory.read('a')).toBe(memory.read('a'))
  expect(memory.read('b')).toEqual({ text: 'b' })
  expect(memory.read('a')).toEqual({ text: 'a' })
  expect(parsed).toEqual(['a', 'b', 'a'])
})

test('a large head is not kept: thousands of connections may have sent one', () => {
  const { parsed, memory } = memoryThatCounts()
  const large = 'x'.repeat(5000)
  const first = memory.read(large)
  expect(memory.read(large)).not.toBe(first)
  expect(parsed).toHaveLength(2)
})

test('what was forgotten is read anew', () => {
  const { memory } = memoryThatCounts()
  const before = memory.read('a')
  memory.forget()
  expect(memory.read('a')).not.toBe(before)
})

test('a memory made from a shared one knows its head, and neither changes the other', () => {
  const { parsed, memory: shared } = memoryThatCounts()
  const first = shared.read('a')
  const own = shared.own()
  expect(own.read('a')).toBe(first)
  own.read('b')
  expect(shared.read('a')).toBe(first)
  shared.forget()
  own.read('b')
  expect(parsed).toEqual(['a', 'b'])
})
