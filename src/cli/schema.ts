import { routingFileJsonSchema } from '../config/schema.ts'
import { SCHEMA_OPTIONS } from './commands.ts'
import { readOptions } from './options.ts'

/** `understudy schema`: prints the JSON Schema of the routing file. */
export async function run(args: string[]): Promise<number> {
  readOptions(args, SCHEMA_OPTIONS)
  console.log(JSON.stringify(routingFileJsonSchema(), null, 2))
  return 0
}
