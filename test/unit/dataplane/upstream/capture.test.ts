import { describe, expect, test } from 'vitest'
import { BodyCapture } from '../../../../src/dataplane/upstream/capture.ts'

function capture(limitBytes: number, ...chunks: string[]): BodyCapture {
  const body = new BodyCapture(limitBytes)
  for (const chunk of chunks) body.add(Buffer.from(chunk))
  return body
}

describe('a captured body', () => {
  test('is empty and complete before anything came', () => {
    const body = capture(10)
    expect([body.state, body.over, body.body().length]).toEqual(['complete', false, 0])
  })

  test('is all chunks in order', () => {
    const body = capture(10, 'one', '', 'two')
    expect([body.state, body.body().toString()]).toEqual(['complete', 'onetwo'])
  })

  test('can be read before its end and goes on growing', () => {
    const body = capture(10, 'one', 'two')
    expect(body.body().toString()).toBe('onetwo')
    body.add(Buffer.from('!'))
    expect(body.body().toString()).toBe('onetwo!')
  })

  test('may be exactly as long as the limit', () => {
    const body = capture(6, 'one', 'two')
    expect([body.state, body.body().toString()]).toEqual(['complete', 'onetwo'])
  })

  test('over the limit is nothing but the fact, for good', () => {
    const body = capture(5, 'one', 'two', '')
    expect([body.state, body.over, body.body().length]).toEqual(['over_limit', true, 0])
    body.add(Buffer.from('x'))
    expect([body.state, body.body().length]).toEqual(['over_limit', 0])
  })

  test('that nobody wants keeps nothing', () => {
    expect(capture(0, '').state).toBe('complete')
    expect(capture(0, 'x').state).toBe('over_limit')
  })
})
