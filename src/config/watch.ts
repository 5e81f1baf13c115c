import { createHash } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors and Kubernetes change a file in several steps; this long after the last one the file is read. */
const SETTLE_MS = 200
/** How soon a watch that broke (its directory was replaced) is set up again. */
const REWATCH_MS = 1_000

/**
 * Calls `onChange` when the content of one of the files is another than before. Watches their directories, because a watch
 * on a file sees nothing of an editor that replaces it, nor of Kubernetes swapping the `..data` link of a mounted ConfigMap.
 * Does not keep the process alive.
 */
export function watchFiles(files: readonly string[], onChange: () => void): { close(): void } {
  const directories = [...new Set(files.map(file => dirname(resolve(file))))]
  let seen = contentHash(files)
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | null = null

  function check(): void {
    timer = null
    const hash = contentHash(files)
    // While a file is missing it is being replaced: the next event tells more.
    if (hash === null || hash === seen) return
    seen = hash
    onChange()
  }

  function later(action: () => void, delayMs: number): void {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(action, delayMs)
    timer.unref()
  }

  function start(): void {
    close()
    try {
      watchers = directories.map(directory => watch(directory, { persistent: false }, () => later(check, SETTLE_MS)))
      for (const watcher of watchers) watcher.on('error', () => later(restart, REWATCH_MS))
    } catch {
      later(restart, REWATCH_MS)
    }
  }

  function restart(): void {
    start()
    if (watchers.length > 0) check()
  }

  function close(): void {
    for (const watcher of watchers) watcher.close()
    watchers = []
  }

  start()
  return {
    close() {
      if (timer !== null) clearTimeout(timer)
      close()
    },
  }
}

/** null while one of them is missing. */
function contentHash(files: readonly string[]): string | null {
  const hash = createHash('sha256')
  try {
    for (const file of files) hash.update(createHash('sha256').update(readFileSync(file)).digest())
    return hash.digest('hex')
  } catch {
    return null
  }
}
