import { availableParallelism } from 'node:os'
import { loadSnapshot } from '../config/load.ts'
import type { Snapshot } from '../config/snapshot.ts'

/** The routing file as this process would serve it first. @throws ConfigError */
export function loadFile(file: string): Snapshot {
  return loadSnapshot(file, { revision: 1, env: process.env, cores: availableParallelism() })
}
