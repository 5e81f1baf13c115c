import { describe, expect, test } from 'vitest'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

const withAdmin = (admin: string): string => `${SMALLEST}admin: ${admin}\n`

describe('admin', () => {
  test('token: none opens an address that is not loopback', () => {
    expect(loadText(withAdmin('{ address: 0.0.0.0:9090, token: none }')).admin.token).toBeNull()
  })

  test('a token file loses its line break and nothing else', () => {
    const file = { 'admin.token': ' s3cret \n' }
    expect(loadText(withAdmin('{ address: 0.0.0.0:9090, token: !file admin.token }'), {}, file).admin.token).toBe(
      ' s3cret ',
    )
  })

  test('an empty or absent token file is a problem', () => {
    expect(problemsOf(withAdmin('{ token: !file admin.token }'), {}, { 'admin.token': '\n' })).toContain(
      'the file of !file is empty',
    )
    expect(problemsOf(withAdmin('{ token: !file admin.token }'))).toBe(
      `routing.yaml:10:23  admin.token: the file of !file does not exist
    hint: the path is relative to the routing file, in DIRECTORY`,
    )
  })

  test('cannot share the address of listen', () => {
    expect(problemsOf(withAdmin('{ address: 127.0.0.1:8080 }'))).toContain('is also the address of `listen`')
  })
})
