export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** A parsed scrape (Prometheus text format 0.0.4). */
export interface Metrics {
  readonly samples: readonly Sample[]
  /** From `# TYPE` lines: family name to `counter`, `gauge`, `histogram`... */
  readonly types: ReadonlyMap<string, string>
  /** Every sample of a name whose labels contain these. */
  find(name: string, labels?: Labels): Sample[]
  /** The one sample that fits. Throws when none or several do, and says which there are. */
  value(name: string, labels?: Labels): number
  /** The sum over all that fit; 0 when none does. */
  sum(name: string, labels?: Labels): number
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y

/** Throws on the first line that is not of the format. */
export function parseMetrics(text: string): Metrics {
  const samples: Sample[] = []
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (type !== null) types.set(type[1] as string, type[2] as string)
    else if (line !== '' && !line.startsWith('#')) samples.push(parseSample(line))
  }
  const find = (name: string, labels: Labels = {}): Sample[] =>
    samples.filter(sample => sample.name === name && contains(sample.labels, labels))
  return {
    samples,
    types,
    find,
    value: (name, labels = {}) => {
      const found = find(name, labels)
      if (found.length === 1) return (found[0] as Sample).value
      const there = samples.filter(sample => sample.name === name).map(sample => JSON.stringify(sample.labels))
      throw new Error(`${found.length} samples of ${name} fit ${JSON.stringify(labels)}; there are: ${there.join(' ')}`)
    },
    sum: (name, labels = {}) => find(name, labels).reduce((sum, sample) => sum + sample.value, 0),
  }
}

function parseSample(line: string): Sample {
  const parts = SAMPLE.exec(line)
  if (parts === null) throw new Error(`not a metrics line: ${line}`)
  return { name: parts[1] as string, labels: parseLabels(parts[2] ?? '', line), value: parseValue(parts[3] as string) }
}

function parseLabels(text: string, line: string): Labels {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  let at = 0
  while (at < text.length) {
    const label = LABEL.exec(text)
    if (label === null) throw new Error(`not a label list: ${line}`)
    const [, name = '', value = ''] = label
    if (name in labels) throw new Error(`a label twice: ${line}`)
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    at = LABEL.lastIndex
  }
  return labels
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  if (text === 'NaN') return Number.NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`not a metric value: ${text}`)
  return Number(text)
}

function contains(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}
