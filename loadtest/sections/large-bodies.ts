import { LARGE_ANSWER } from '../bench-answers.ts'
import { FORMS, ROW, Starter } from '../contestants.ts'
import { ratioBetween, type Question } from '../findings.ts'
import { startModelServers } from '../model-servers.ts'
import { Resources } from '../resources.ts'
import { sizedRequest } from '../sized-request.ts'
import { Lineup, saturatedSection, type Bench, type SectionReport } from '../section.ts'

const CONNECTIONS = 8

interface BodySize {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly target: number
  /** null: Envoy's default of 1 MiB, in which the body has room. */
  readonly envoyBufferBytes: number | null
}

export const KIB_64: BodySize = {
  id: '64kib-mirror-cpu-per-envoy-mirror',
  name: '64 KiB',
  bytes: 64 * 2 ** 10,
  target: 1,
  envoyBufferBytes: null,
}
/** With its default Envoy would have to give up the copy of a body that does not fit. */
export const MIB_1: BodySize = {
  id: '1mib-mirror-cpu-per-envoy-mirror',
  name: '1 MiB',
  bytes: 2 ** 20,
  target: 1.5,
  envoyBufferBytes: 4 * 2 ** 20,
}

/** Mirrors with large request bodies and answers of 1 KiB. */
export async function largeBodies(bench: Bench, size: BodySize): Promise<SectionReport> {
  await using resources = new Resources()
  // Model servers that answered before they had the body would let the proxies off reading it.
  const servers = resources.add(await startModelServers(bench.tools, LARGE_ANSWER, 'body'))
  const start = new Starter(bench.tools, servers)
  const lineup = new Lineup(resources)
  lineup.add(await start.nginx(ROW.nginxMirror, true))
  lineup.add(await start.envoy(ROW.envoyMirror, true, size.envoyBufferBytes))
  lineup.add(await start.floor())
  lineup.add(await start.understudy(ROW.mirror, true, { ...FORMS.copying, maxBody: '2MiB' }))
  const { contestants } = lineup
  const run = { body: sizedRequest(size.bytes), connections: CONNECTIONS, servers, contestants }
  const { results, paragraphs } = await saturatedSection(bench, resources, run)
  const cpu = (id: string, under: string, target: number | null) => {
    const name = `CPU per request with ${size.name}: ${ROW.mirror} / ${under}`
    const question: Question = { id, name, unit: 'ratio', better: 'lower', target }
    return ratioBetween(question, results, ROW.mirror, under, run => run.cpuUsPerRequest)
  }
  const buffers =
    size.envoyBufferBytes === null
      ? 'Envoy has its default buffers.'
      : `Envoy has \`per_connection_buffer_limit_bytes: ${size.envoyBufferBytes}\`, in which the copy has room.`
  return {
    title: `${size.name} request bodies, ${CONNECTIONS} connections, saturated`,
    paragraphs: [...paragraphs, `The model servers answer when they have the whole body. ${buffers}`],
    findings: [
      cpu(size.id, ROW.envoyMirror, size.target),
      cpu(size.id.replace('envoy', 'nginx'), ROW.nginxMirror, null),
    ],
  }
}
