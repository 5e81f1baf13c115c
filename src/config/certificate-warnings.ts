import { X509Certificate } from 'node:crypto'
import type { Snapshot } from './snapshot.ts'

const DAY_MS = 86_400_000
/** Weekends are shorter: somebody reads it in time. */
const SOON_DAYS = 7

/** A certificate that peers refuse, or soon will. The configuration is valid all the same: a clock may be wrong. */
export interface CertificateWarning {
  /** `listen.tls.cert`. */
  readonly path: string
  readonly message: string
}

/** All that is to be said at `nowMs` of the certificates this configuration shows others, those of their chains too. */
export function certificateWarnings({ listen, upstreams, sinks }: Snapshot, nowMs: number): CertificateWarning[] {
  const shown = [
    { path: 'listen.tls.cert', pem: listen.tls?.cert },
    ...upstreams.map(({ name, tls }) => ({ path: `upstreams.${name}.tls.cert`, pem: tls?.cert })),
    { path: 'sinks.kafka.tls.cert', pem: sinks.kafka?.tls?.cert },
  ]
  return shown.flatMap(({ path, pem }) =>
    certificatesIn(pem ?? '').flatMap(certificate => {
      const message = problemOf(certificate, nowMs)
      return message === null ? [] : [{ path, message }]
    }),
  )
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.flatMap(block => {
    try {
      return [new X509Certificate(block)]
    } catch {
      return [] // The first has been read before; what is wrong further down shows in the handshake.
    }
  })
}

function problemOf({ subject, validFromDate, validToDate }: X509Certificate, nowMs: number): string | null {
  const [fromMs, untilMs] = [validFromDate.getTime(), validToDate.getTime()]
  const named = `the certificate of ${subject.replaceAll('\n', ', ') || 'nobody'}`
  if (untilMs <= nowMs) return `${named} expired at ${validToDate.toISOString()}: peers refuse it; renew it`
  if (fromMs > nowMs) {
    return `${named} is not valid before ${validFromDate.toISOString()}: peers refuse it until then; is the clock right?`
  }
  const days = Math.floor((untilMs - nowMs) / DAY_MS)
  if (days >= SOON_DAYS) return null
  return `${named} expires ${days === 0 ? 'within a day' : `in ${days} day${days === 1 ? '' : 's'}`}; renew it`
}
