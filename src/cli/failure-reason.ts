const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ENOTFOUND: 'the host name is not known',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: use http://',
  CERT_HAS_EXPIRED: 'the certificate has expired',
}

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]

/** Where the user says what a connection trusts, and whom it expects. */
export interface TrustSettings {
  readonly authority: string
  readonly name: string | null
}

/**
 * Why a connection failed, in words that say what to do; `others`: what more codes mean. OpenSSL's own text, with its
 * source file and line, is for nobody.
 */
export function failureReason(error: unknown, trust: TrustSettings, others: typeof REASONS = {}): string {
  if (!(error instanceof Error)) return String(error)
  // A name with several addresses fails with all their errors; the first is as good as any.
  if (error instanceof AggregateError && error.errors.length > 0) return failureReason(error.errors[0], trust, others)
  const code = 'code' in error ? String(error.code) : ''
  if (UNTRUSTED.includes(code)) return `the certificate is not trusted: name its authority with ${trust.authority}`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const hint = trust.name === null ? '' : `: ${trust.name} says which to ask for`
    return `the certificate is for another name${hint}`
  }
  return others[code] ?? REASONS[code] ?? (opensslReason(error.message) || code || String(error))
}

/** `405D53FA:error:0A000416:SSL routines:ssl3_read_bytes:certificate unknown:../deps/openssl/…:` */
function opensslReason(message: string): string {
  return /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
}
