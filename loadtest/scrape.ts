/** One sample of `/metrics`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? ([^ ]+)$/
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g

/** Reads all samples of `/metrics` at the admin address. */
export async function scrape(adminUrl: string): Promise<Sample[]> {
  const answer = await fetch(`${adminUrl}/metrics`)
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`)
  return parseSamples(await answer.text())
}

/** Prometheus text. What is no sample (comments, empty lines) is passed over. */
export function parseSamples(text: string): Sample[] {
  return text.split('\n').flatMap(line => {
    const match = SAMPLE.exec(line)
    if (match === null) return []
    const labels = [...(match[2] ?? '').matchAll(LABEL)].map(([, name, value]) => [name as string, value as string])
    return [
      {
        name: match[1] as string,
        labels: Object.fromEntries(labels) as Record<string, string>,
        value: Number(match[3]),
      },
    ]
  })
}

/** The sum of all samples of a metric, whatever their labels; `name` without the prefix. 0: there are none. */
export function total(samples: readonly Sample[], name: string): number {
  return samples.filter(sample => sample.name === `understudy_${name}`).reduce((sum, { value }) => sum + value, 0)
}
