import { rename, rm, writeFile } from 'node:fs/promises'

/**
 * Whoever reads the file sees the one that was there or the whole new one, also after a crash. Rejects with the error of
 * the file system, and then nothing is left behind.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text, { flush: true })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
