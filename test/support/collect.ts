import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** V8's collector, which is reached by a flag only; `minor`: of the young alone. */
export function exposeCollector(): (options?: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void
}
