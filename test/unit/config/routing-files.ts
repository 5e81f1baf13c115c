import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadSnapshot } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import type { Snapshot } from '../../../src/config/snapshot.ts'

/** A directory of its own for a test, gone when the test is. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Writes files into a directory of their own and returns the path of the first. */
export function writeFiles(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return join(directory, Object.keys(files)[0] as string)
}

export function loadText(
  text: string,
  env: NodeJS.ProcessEnv = {},
  others: Readonly<Record<string, string>> = {},
): Snapshot {
  return loadSnapshot(writeFiles({ 'routing.yaml': text, ...others }), { revision: 1, env, cores: 4 })
}

/** The formatted problems, with the directory of the file cut off; fails when the text is valid. */
export function problemsOf(
  text: string,
  env: NodeJS.ProcessEnv = {},
  others: Readonly<Record<string, string>> = {},
): string {
  const file = writeFiles({ 'routing.yaml': text, ...others })
  const directory = file.slice(0, -'/routing.yaml'.length)
  try {
    loadSnapshot(file, { revision: 1, env, cores: 4 })
  } catch (error) {
    if (error instanceof ConfigError)
      return error.format().replaceAll(`${directory}/`, '').replaceAll(directory, 'DIRECTORY')
    throw error
  }
  throw new Error('the routing file is valid, though the test expects problems')
}

export const SMALLEST = `listen: 127.0.0.1:8080
upstreams:
  churn-v1: http://127.0.0.1:9001
  churn-v2: http://127.0.0.1:9002
routes:
  - name: churn
    match: { path: /v2/models/churn/infer }
    primary: churn-v1
    shadows: [{ upstream: churn-v2, percent: 100 }]
`
