import { expect, test } from 'vitest'
import { shareOf } from '../../../loadtest/tcp-memory.ts'

test('the share is that of the TCP connections over IPv4 and 6, of the middle one of three marks', () => {
  const sockstat = 'sockets: used 121\nTCP: inuse 475 orphan 0 tw 268 alloc 475 mem 90\nUDP: inuse 0 mem 7\n'
  expect(shareOf(sockstat, '40\t60\t120\n')).toBe(1.5)
})
