import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Store } from '../../src/judge/store/store.ts'
import type { StoreLog } from '../../src/judge/store/state-file.ts'

/** An empty directory that goes with the test. */
export function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'understudy-state-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export interface OpenStore {
  readonly store: Store
  /** What it has logged: the level, then the message. */
  readonly said: string[]
}

/** The real store; it is closed when the test ends, if the test has not done so. */
export function openStore(dir: string): OpenStore {
  const said: string[] = []
  const log: StoreLog = (level, message) => void said.push(`${level} ${message}`)
  const store = Store.open(dir, log)
  onTestFinished(() => store.close())
  return { store, said }
}
