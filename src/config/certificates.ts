import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { KeyPath, Report } from './problems.ts'
import { describeReadError } from './read-error.ts'
import type { clientTls, serverTls } from './schema/tls.ts'
import type { ClientTlsPlan, ServerTlsPlan } from './snapshot.ts'
import type { z } from 'zod'

/**
 * Reads what the TLS blocks of a routing file name, and checks that it is what it should be and fits together. Files that
 * were asked for are added to `filesRead`.
 */
export function certificateReader(source: string, report: Report, filesRead: Set<string>) {
  const directory = dirname(resolve(source))

  /** The PEM text itself, or that of the file it names. Never repeats either: it may be a key. */
  function readPem(path: KeyPath, value: string): string | null {
    if (value.includes('-----BEGIN ')) return value
    try {
      filesRead.add(resolve(directory, value))
      return readFileSync(resolve(directory, value), 'utf8')
    } catch (error) {
      const hint = `the path is relative to the routing file, in ${directory}`
      report(path, `the file ${describeReadError(error)}`, hint, 'key')
      return null
    }
  }

  function certificate(path: KeyPath, value: string): { pem: string; parsed: X509Certificate } | null {
    const pem = readPem(path, value)
    const parsed = pem === null ? null : parse(() => new X509Certificate(pem))
    if (pem !== null && parsed === null) report(path, 'is not a certificate', PEM_HINT, 'key')
    return pem === null || parsed === null ? null : { pem, parsed }
  }

  function pair(path: KeyPath, certValue: string, keyValue: string): { cert: string; key: string } | null {
    const cert = certificate([...path, 'cert'], certValue)
    const keyPem = readPem([...path, 'key'], keyValue)
    const key = keyPem === null ? null : parse(() => createPrivateKey(keyPem))
    if (keyPem !== null && key === null) {
      report([...path, 'key'], 'is not a private key', `${PEM_HINT}; a key with a passphrase cannot be used`, 'key')
    }
    if (cert === null || keyPem === null || key === null) return null
    if (!cert.parsed.checkPrivateKey(key)) {
      report([...path, 'key'], 'does not belong to the certificate', 'use the key the certificate was made with', 'key')
    }
    return { cert: cert.pem, key: keyPem }
  }

  function authorities(path: KeyPath, value: string | null): string | null {
    return value === null ? null : (certificate([...path, 'ca'], value)?.pem ?? null)
  }

  return {
    server(path: KeyPath, tls: z.output<typeof serverTls>): ServerTlsPlan | null {
      const ca = authorities(path, tls.ca)
      const own = pair(path, tls.cert, tls.key)
      return own === null ? null : { ...own, ca, clientAuth: tls.client_auth }
    },

    client(path: KeyPath, tls: z.output<typeof clientTls>): ClientTlsPlan {
      const ca = authorities(path, tls.ca)
      const both = tls.cert !== null && tls.key !== null
      if (!both && (tls.cert !== null || tls.key !== null)) {
        report(path, 'names only one of `cert` and `key`', 'a client certificate needs both')
      }
      const own = both ? pair(path, tls.cert as string, tls.key as string) : null
      return { ca, cert: own?.cert ?? null, key: own?.key ?? null, servername: tls.servername, insecure: tls.insecure }
    },
  }
}

const PEM_HINT = 'it must be PEM text, which starts with -----BEGIN'

function parse<Value>(make: () => Value): Value | null {
  try {
    return make()
  } catch {
    return null
  }
}
