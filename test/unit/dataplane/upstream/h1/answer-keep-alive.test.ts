import { describe, expect, test } from 'vitest'
import { parseAnswerHead, type AnswerHead } from '../../../../../src/dataplane/upstream/h1/answer-head.ts'

const head = (version: string, ...lines: string[]): AnswerHead =>
  parseAnswerHead([`HTTP/${version} 200 OK`, ...lines].join('\r\n'))

describe('another request may follow an answer', () => {
  test.each([
    ['1.1', [], true],
    ['1.1', ['Connection: keep-alive'], true],
    ['1.1', ['Connection: close'], false],
    ['1.1', ['CONNECTION: Close'], false],
    ['1.1', ['Connection: x-a , close'], false],
    ['1.1', ['Connection: close,x-a'], false],
    ['1.1', ['Connection: keep-alive, close'], false],
    ['1.1', ['Connection: x-a', 'X: y', 'Connection: close'], false],
    ['1.1', ['Connection: close', 'Connection: keep-alive'], false],
    ['1.1', ['Connection: ', 'Connection: close'], false],
    ['1.1', ['Connection: closed, x-close, close-x'], true],
    ['1.1', ['X-onnection: close', 'Connectio: close'], true],
    ['1.0', [], false],
    ['1.0', ['Connection: keep-alive'], true],
    ['1.0', ['Connection: x-a, Keep-Alive'], true],
    ['1.0', ['Connection: x-a', 'Connection: keep-alive'], true],
    ['1.0', ['Connection: x-keep-alive, keep-alives'], false],
    ['1.0', ['Keep-Alive: timeout=5'], false],
    ['1.0', ['Connection: close'], false],
    // RFC 9112 §9.3 asks for close first.
    ['1.0', ['Connection: keep-alive, close'], false],
    ['1.0', ['Connection: close', 'Connection: keep-alive'], false],
  ])('of HTTP/%s with %j: %j', (version, lines, keepAlive) => {
    expect(head(version, ...lines).keepAlive).toBe(keepAlive)
  })

  test('and what Connection lists is handed on, as one line', () => {
    expect(head('1.1', 'Connection: X-A', 'connection: x-b, close').connection).toBe('X-A, x-b, close')
    expect(head('1.1').connection).toBe('')
  })
})

describe('the time for which the server keeps an idle connection', () => {
  test.each([
    ['timeout=5', 5_000],
    ['timeout=5, max=100', 5_000],
    ['max=100, timeout=5', 5_000],
    ['max=100,Timeout = "5"', 5_000],
    ['timeout=0', 0],
    ['max=100', null],
    ['xtimeout=5', null],
    ['timeout=', null],
    ['timeout=-1', null],
    ['', null],
  ])('of %j is %j ms', (value, ms) => {
    expect(head('1.1', `Keep-Alive: ${value}`).keepAliveMs).toBe(ms)
  })

  test('is unknown when nothing is said', () => {
    expect(head('1.1', 'Connection: keep-alive').keepAliveMs).toBeNull()
  })
})
