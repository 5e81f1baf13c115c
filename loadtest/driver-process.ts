/** The process behind `driver.ts`: one plan after the other, so that later ones find warm code. Ends with its parent. */
import { generateLoad } from './load-generator.ts'
import type { LoadPlan } from './load-plan.ts'

process.on('message', (plan: LoadPlan) => {
  void generateLoad(plan).then(
    result => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
