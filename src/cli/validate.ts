import { certificateWarnings, type CertificateWarning } from '../config/certificate-warnings.ts'
import { ConfigError } from '../config/problems.ts'
import type { Snapshot } from '../config/snapshot.ts'
import { VALIDATE_OPTIONS } from './commands.ts'
import { loadFile } from './load-file.ts'
import { readOptions, required } from './options.ts'
import { type ProbeResult, probeAll } from './probe.ts'

const OK = 0
const INVALID = 2
const NOT_REACHABLE = 3

/** `understudy validate`: 0 valid, also with warnings, 2 invalid, 3 valid but an upstream or sink is not reachable (`--probe`). */
export async function run(args: string[]): Promise<number> {
  const { config, probe = false, json = false } = readOptions(args, VALIDATE_OPTIONS)
  const file = required(config, '-c FILE')
  let snapshot: Snapshot
  try {
    snapshot = loadFile(file)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (json) console.log(JSON.stringify({ valid: false, file, problems: error.problems }))
    else console.error(error.format())
    return INVALID
  }
  const probes = probe ? await probeAll(snapshot) : []
  const warnings = certificateWarnings(snapshot, Date.now())
  if (json) console.log(JSON.stringify({ valid: true, file, hash: snapshot.hash, problems: [], warnings, probes }))
  else printSummary(snapshot, warnings, probes)
  return probes.every(({ ok }) => ok) ? OK : NOT_REACHABLE
}

function printSummary(
  snapshot: Snapshot,
  warnings: readonly CertificateWarning[],
  probes: readonly ProbeResult[],
): void {
  const counts = [
    counted(snapshot.upstreams.length, 'upstream'),
    counted(snapshot.routes.length, 'route'),
    counted(snapshot.experiments.length, 'experiment'),
  ]
  console.log(`${snapshot.source} is valid: ${counts.join(', ')}`)
  for (const experiment of snapshot.experiments) {
    const share = experiment.inclusion * 100
    console.log(
      `  ${experiment.id}: ${experiment.primary.upstream} against ${experiment.candidate.upstream}, ${share} %`,
    )
  }
  for (const { path, message } of warnings) console.error(`  warning: ${path}: ${message}`)
  for (const { target, address, ok, found, problem } of probes) {
    const line = `  ${target} ${address}: ${ok ? found : problem}`
    if (ok) console.log(line)
    else console.error(line)
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
