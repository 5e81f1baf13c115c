import { describe, expect, test } from 'vitest'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

describe('YAML 1.2', () => {
  test.each(['yes', 'no', 'on', 'off'])('%s is text', word => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', `{ endpoints: "http://a", version: ${word} }`)
    expect(loadText(text).upstreams[0]?.version).toBe(word)
  })

  test('anchors share blocks', () => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', '&v1 { endpoints: "http://a" }').replace(
      'http://127.0.0.1:9002',
      '*v1',
    )
    expect(loadText(text).upstreams[1]?.endpoints[0]?.authority).toBe('a')
  })

  test('aliases that multiply are refused', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x]',
      ...'bcdef'.split('').map((c, i) => `${c}: &${c} [${`*${'abcde'[i]},`.repeat(8)}]`),
    ]
    expect(problemsOf(`${bomb.join('\n')}\n`)).toContain('the YAML repeats aliases too often')
  })
})
