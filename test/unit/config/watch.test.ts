import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { watchFiles } from '../../../src/config/watch.ts'
import { temporaryDirectory, writeFiles } from './routing-files.ts'

/** More than the watcher waits before it reads. */
const SETTLED_MS = 600

function watched(...files: string[]) {
  const onChange = vi.fn<() => void>()
  const watcher = watchFiles(files, onChange)
  onTestFinished(() => watcher.close())
  return { onChange, watcher }
}

test('several writes in a row are one change', async () => {
  const file = writeFiles({ 'routing.yaml': 'a' })
  const { onChange } = watched(file)
  for (const text of ['b', 'c', 'd']) {
    appendFileSync(file, text)
    await sleep(20)
  }
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 3_000)
  await sleep(SETTLED_MS)
  expect(onChange).toHaveBeenCalledTimes(1)
})

test('an editor that replaces the file is noticed, twice', async () => {
  const file = writeFiles({ 'routing.yaml': 'a' })
  const { onChange } = watched(file)
  for (const [i, text] of ['b', 'c'].entries()) {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(i + 1), 3_000)
  }
})

test('a ConfigMap whose ..data link is swapped is noticed', async () => {
  const directory = temporaryDirectory()
  const publish = (name: string, text: string): void => {
    mkdirSync(join(directory, name))
    writeFileSync(join(directory, name, 'routing.yaml'), text)
    symlinkSync(name, join(directory, '..data_tmp'))
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
  }
  publish('..1', 'a')
  symlinkSync('..data/routing.yaml', join(directory, 'routing.yaml'))
  const { onChange } = watched(join(directory, 'routing.yaml'))
  publish('..2', 'b')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 3_000)
})

test('the same content, other files and a missing file are no change', async () => {
  const file = writeFiles({ 'routing.yaml': 'a', 'other.yaml': 'x' })
  const { onChange } = watched(file)
  writeFileSync(file, 'a')
  appendFileSync(file.replace('routing', 'other'), 'y')
  await sleep(SETTLED_MS)
  rmSync(file)
  await sleep(SETTLED_MS)
  expect(onChange).not.toHaveBeenCalled()
  writeFileSync(file, 'b')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 3_000)
})

test('a change is noticed in a directory that something else writes into all the time', async () => {
  const file = writeFiles({ 'routing.yaml': 'a' })
  const { onChange } = watched(file)
  const busy = setInterval(() => appendFileSync(join(dirname(file), 'pairs.ndjson'), 'x'), 30)
  onTestFinished(() => clearInterval(busy))
  await sleep(SETTLED_MS)
  writeFileSync(file, 'b')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 4_000)
})

test('another file that stays missing is a change, once, and its return another', async () => {
  const file = writeFiles({ 'routing.yaml': 'a' })
  const directory = join(dirname(file), 'certificates')
  const other = join(directory, 'server.pem')
  const put = (text: string): void => {
    mkdirSync(directory)
    writeFileSync(other, text)
  }
  put('x')
  const { onChange } = watched(file, other)
  rmSync(directory, { recursive: true })
  await sleep(SETTLED_MS)
  expect(onChange).not.toHaveBeenCalled()
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 4_000)
  await sleep(SETTLED_MS)
  put('y')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), 4_000)
  writeFileSync(other, 'z')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(3), 4_000)
}, 15_000)

test('a closed watcher is silent', async () => {
  const file = writeFiles({ 'routing.yaml': 'a' })
  const { onChange, watcher } = watched(file)
  appendFileSync(file, 'b')
  watcher.close()
  await sleep(SETTLED_MS)
  expect(onChange).not.toHaveBeenCalled()
})
