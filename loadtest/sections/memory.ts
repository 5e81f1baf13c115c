import { LARGE_ANSWER } from '../bench-answers.ts'
import { FORMS, ROW } from '../contestants.ts'
import { copiesCells } from '../copies-table.ts'
import type { Finding } from '../findings.ts'
import { markdownTable } from '../markdown.ts'
import { startModelServers } from '../model-servers.ts'
import { Resources } from '../resources.ts'
import { startUnderstudy } from '../run-proxy.ts'
import { startSaturator } from '../saturator.ts'
import type { Bench, SectionReport } from '../section.ts'
import { sizedRequest } from '../sized-request.ts'
import { StandIn } from '../stand-in.ts'
import { spread, type Spread } from '../statistics.ts'
import { readCounts } from '../understudy-counts.ts'

const CONNECTIONS = 64
const BODY_BYTES = 2 ** 20
/** As long as this many measurements, and not too short for a middle and an end: memory takes its time. */
const RUN_FACTOR = 7
const SHORTEST_RUN_SECONDS = 10
const SAMPLE_EVERY_MS = 1000
const MIB = 2 ** 20

/** Memory when there is more to copy than the shadow takes: large bodies, many connections, a shadow of half a second. */
export async function memory(bench: Bench): Promise<SectionReport> {
  await using resources = new Resources()
  const servers = resources.add(await startModelServers(bench.tools, LARGE_ANSWER, 'body'))
  const shadow = resources.add(await StandIn.start('slow', 'shadow'))
  const form = { ...FORMS.comparing, name: ROW.compare, maxBody: '2MiB' }
  const proxy = resources.add(await startUnderstudy({ primaryPort: servers.primaryPort, shadow }, form))
  const saturator = resources.add(startSaturator(bench.tools.wrk, sizedRequest(BODY_BYTES)))

  const seconds = Math.max(SHORTEST_RUN_SECONDS, bench.options.seconds * RUN_FACTOR)
  const samples: number[] = []
  const sampler = setInterval(() => samples.push(proxy.rssBytes()), SAMPLE_EVERY_MS)
  const run = await saturator.run(proxy.port, CONNECTIONS, seconds)
  clearInterval(sampler)
  const { middle, end } = middleAndEnd(samples)
  const counts = copiesCells(await readCounts(proxy.adminUrl))
  const header = ['', 'requests/s', 'RSS MiB in the middle', 'at the end', 'most', 'errors', 'copies', 'sent']
  const cells = [
    Math.round(run.requestsPerS),
    mib(middle),
    mib(end),
    mib(Math.max(...samples)),
    run.errors,
    ...counts.slice(0, 2),
  ]
  return {
    title: `Memory: 1 MiB bodies, ${CONNECTIONS} connections, a shadow that takes 500 ms`,
    paragraphs: [
      markdownTable(header, [[ROW.compare, ...cells.map(String)]]),
      `${samples.length} samples, one a second, one run of ${seconds} s from a fresh start. Copies are dropped at 32 MiB.`,
    ],
    findings: findings(middle, end),
  }
}

/** Medians of three samples, so that one taken in the middle of a garbage collection decides nothing. @throws RangeError */
export function middleAndEnd(samples: readonly number[]): { middle: number; end: number } {
  const half = Math.floor(samples.length / 2)
  return { middle: spread(samples.slice(half - 1, half + 2)).median, end: spread(samples.slice(-3)).median }
}

function mib(bytes: number): string {
  return String(Math.round(bytes / MIB))
}

function once(value: number): Spread {
  return spread([value])
}

function findings(middle: number, end: number): Finding[] {
  return [
    {
      id: 'memory-rss',
      name: 'RSS at the end',
      unit: 'MiB',
      better: 'lower',
      target: 400,
      value: once(end / MIB),
      missing: null,
    },
    {
      id: 'memory-growth',
      name: 'RSS: end / middle of the run',
      unit: 'ratio',
      better: 'lower',
      target: null,
      value: once(end / middle),
      missing: null,
    },
  ]
}
