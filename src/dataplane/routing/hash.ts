/**
 * The hash behind every sticky or sampling decision: FNV-1a (32 bit) over the UTF-8 bytes, finished with MurmurHash3's
 * fmix32 so that neighbouring keys land far apart. README has test vectors; it must never change, because users would
 * jump between arms at an upgrade.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return finish(overBytes(hash, text, i))
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return finish(hash)
}

/** Continues at the first character that is not ASCII. */
function overBytes(hash: number, text: string, from: number): number {
  for (const byte of Buffer.from(text.slice(from), 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

function finish(hash: number): number {
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  return hash >>> 0
}

const HASH_RANGE = 2 ** 32

/** Where a key falls, 0 (included) to 100 (excluded): it is chosen when this is below the percentage. */
export function bucketOf(salt: string, key: string): number {
  return (hash32(`${salt}\n${key}`) / HASH_RANGE) * 100
}
