/**
 * `npm run bench`: what Understudy costs beside its peers, in one interleaved run of less than ten minutes. Numbers of
 * different machines cannot be compared, ratios of one run can: those are what has targets and a baseline.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { readBenchOptions } from './bench-options.ts'
import { findingsTable, type Finding } from './findings.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import type { Section } from './section.ts'
import { KIB_64, largeBodies, MIB_1 } from './sections/large-bodies.ts'
import { memory } from './sections/memory.ts'
import { paced } from './sections/paced.ts'
import { smallBodies } from './sections/small-bodies.ts'
import { threads } from './sections/threads.ts'
import { findTools } from './tools.ts'

const SECTIONS: Readonly<Record<string, Section>> = {
  small: smallBodies,
  '64kib': bench => largeBodies(bench, KIB_64),
  '1mib': bench => largeBodies(bench, MIB_1),
  paced,
  memory,
  threads,
}

const startedAtMs = performance.now()
const options = readBenchOptions(process.argv.slice(2), Object.keys(SECTIONS))
const watch = new MachineWatch()
const tools = findTools()
const cores = availableParallelism()
const findings: Finding[] = []

for (const name of options.sections) {
  console.error(`section ${name}`)
  const report = await (SECTIONS[name] as Section)({ tools, options })
  findings.push(...report.findings)
  const parts = [`### ${report.title}`, ...report.paragraphs, findingsTable(report.findings, cores)]
  console.log(`\n${parts.join('\n\n')}`)
}

const versions = [
  tools.nginx ?? '**no nginx**',
  tools.haproxy ?? '**no HAProxy**',
  tools.envoy === null ? '**no Envoy**' : `Envoy ${tools.envoy.version}`,
  tools.wrk ?? '**no wrk**',
]
const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1)
const machine = `${describeMachine()}, ${versions.join(', ')}`
console.log(
  `\n${machine}. One worker or data-plane thread each; ${options.rounds} rounds × ${options.seconds} s, ratios round by ` +
    `round, medians (min–max); CPU of the whole process as the kernel counts it. Took ${minutes} min. ${watch.report()}`,
)
if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ machine, findings }, null, 2)}\n`)
