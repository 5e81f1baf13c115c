import { readFileSync } from 'node:fs'
import { CONFIG_SCHEMA_VERSION } from '../config/schema.ts'
import { VERSION_OPTIONS } from './commands.ts'
import { readOptions } from './options.ts'

/** `understudy version`: of the package, of Node.js and of the routing file. */
export async function run(args: string[]): Promise<number> {
  const { json = false } = readOptions(args, VERSION_OPTIONS)
  const versions = { version: packageVersion(), node: process.versions.node, configSchema: CONFIG_SCHEMA_VERSION }
  if (json) console.log(JSON.stringify(versions))
  else console.log(`understudy ${versions.version} (Node.js ${versions.node}, config schema ${versions.configSchema})`)
  return 0
}

/** `src/cli` and `dist/cli` are equally deep, so package.json is found from both. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
