import { VERSION } from '../control/version.ts'
import { CONFIG_SCHEMA_VERSION } from '../config/schema.ts'
import { VERSION_OPTIONS } from './commands.ts'
import { readOptions } from './options.ts'

/** `understudy version`: of the package, of Node.js and of the routing file. */
export async function run(args: string[]): Promise<number> {
  const { json = false } = readOptions(args, VERSION_OPTIONS)
  const versions = { version: VERSION, node: process.versions.node, configSchema: CONFIG_SCHEMA_VERSION }
  if (json) console.log(JSON.stringify(versions))
  else console.log(`understudy ${versions.version} (Node.js ${versions.node}, config schema ${versions.configSchema})`)
  return 0
}
