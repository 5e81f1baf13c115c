import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../config/routing-files.ts'

const source = new URL('../../../src/cli/main.ts', import.meta.url)

test('an older Node.js is refused before anything is imported', () => {
  // The file alone, without its neighbours: were anything imported first, this would fail with another message.
  const file = join(temporaryDirectory(), 'main.mts')
  writeFileSync(
    file,
    `Object.defineProperty(process.versions, 'node', { value: '22.11.0' })\n${readFileSync(source, 'utf8').replace(/^#!.*\n/, '')}`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(
    /^understudy needs Node\.js 24 or newer, this is v[\d.]+\.\nInstall it from https:\/\/nodejs\.org/,
  )
})

test('the first file imports nothing statically', () => {
  expect(readFileSync(source, 'utf8')).not.toMatch(/^import /m)
})
