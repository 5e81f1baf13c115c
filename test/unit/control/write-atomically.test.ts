import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from '../../../src/control/write-atomically.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'write-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('a file is replaced whole, and nothing is left beside it', async () => {
  const path = join(directory, 'a.txt')
  await writeAtomically(path, 'first, and longer than the second')
  await writeAtomically(path, 'second')
  expect(await readFile(path, 'utf8')).toBe('second')
  expect(await readdir(directory)).toEqual(['a.txt'])
})

test('what cannot be replaced stays, and nothing is left beside it', async () => {
  const path = join(directory, 'a.txt')
  await mkdir(join(path, 'inside'), { recursive: true })
  await expect(writeAtomically(path, 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(await readdir(directory)).toEqual(['a.txt'])
})
