import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'

export interface Certificate {
  /** PEM. The certificate is its own authority: trust it as `ca`. */
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000
const SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]
const COMMON_NAME = [0x55, 0x04, 0x03]
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11]
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13]

/** DER tags (X.690). */
const TAG = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, time: 24, sequence: 48, set: 49 } as const

/**
 * A fresh self-signed certificate for 127.0.0.1 and `names`, valid from yesterday for `days` (negative: it has expired),
 * so that no key lies in the repository and none can run out there.
 */
export function selfSigned(names: readonly string[] = ['localhost'], days = 2): Certificate {
  return certify(names, days, null)
}

/** The same, signed by another one: who trusts that trusts this. The first name of the two must differ. */
export function signedBy(authority: Certificate, names: readonly string[] = ['localhost'], days = 2): Certificate {
  return certify(names, days, authority)
}

function certify(names: readonly string[], days: number, authority: Certificate | null): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = sequence(der(TAG.oid, SHA256_WITH_RSA), Buffer.from([5, 0]))
  const subject = commonName(names[0] ?? 'localhost')
  const now = Date.now()
  const [from, until] =
    days < 0 ? [now + days * DAY_MS - DAY_MS, now + days * DAY_MS] : [now - DAY_MS, now + days * DAY_MS]
  const body = sequence(
    der(0xa0, der(TAG.integer, [2])), // version 3
    der(TAG.integer, [1, ...randomBytes(8)]), // serial: unlike any other
    algorithm,
    authority === null ? subject : commonName(subjectOf(authority)),
    sequence(time(from), time(until)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, authority === null ? sequence(altNames(names), certificateAuthority()) : sequence(altNames(names))),
  )
  const signature = sign('sha256', body, authority?.key ?? privateKey)
  const whole = sequence(body, algorithm, der(TAG.bits, Buffer.concat([Buffer.from([0]), signature])))
  return { cert: pem(whole), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

function commonName(name: string): Buffer {
  return sequence(der(TAG.set, sequence(der(TAG.oid, COMMON_NAME), der(TAG.utf8, name))))
}

/** The name a certificate of this file was made for. */
function subjectOf(certificate: Certificate): string {
  return new X509Certificate(certificate.cert).subject.replace(/^CN=/, '')
}

function altNames(names: readonly string[]): Buffer {
  const entries = [...names.map(name => der(0x82, name)), der(0x87, [127, 0, 0, 1])]
  return sequence(der(TAG.oid, SUBJECT_ALT_NAME), der(TAG.octets, sequence(...entries)))
}

function certificateAuthority(): Buffer {
  const critical = der(TAG.boolean, [0xff])
  return sequence(der(TAG.oid, BASIC_CONSTRAINTS), critical, der(TAG.octets, sequence(der(TAG.boolean, [0xff]))))
}

function time(ms: number): Buffer {
  return der(TAG.time, new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, ''))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(TAG.sequence, Buffer.concat(parts))
}

function der(tag: number, content: string | Uint8Array | readonly number[]): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content)
  return Buffer.concat([Buffer.from([tag]), derLength(bytes.length), bytes])
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const digits = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.from([0x80 | digits.length, ...digits])
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`
}
