import dns, { type LookupAddress } from 'node:dns'
import { readFileSync } from 'node:fs'

/** An address that says: the resolver does not answer. */
const HANGS = 'hangs'

/**
 * For `--import` into a process of its own, threads included: names under `.test` are looked up in the JSON file
 * `{name: address}` that FAKE_DNS names (`hangs`: there is no answer), anew each time like the system does it; all others where they always are.
 */
const real = dns.lookup

type Done = (error: NodeJS.ErrnoException | null, address?: string | LookupAddress[], family?: number) => void

function lookup(name: string, options: dns.LookupOptions | Done, callback?: Done): void {
  const done = typeof options === 'function' ? options : (callback as Done)
  const wanted = typeof options === 'function' ? {} : options
  if (!name.endsWith('.test')) {
    real(name, wanted as dns.LookupAllOptions, done)
    return
  }
  const file = process.env['FAKE_DNS'] ?? ''
  const address = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)[name]
  if (address === HANGS) return
  process.nextTick(() => {
    if (address === undefined) done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
    else if (wanted.all === true) done(null, [{ address, family: 4 }])
    else done(null, address, 4)
  })
}

dns.lookup = lookup as typeof dns.lookup
