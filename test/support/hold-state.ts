/** Opens the state directory that is named and holds it until the process is killed. Started with `fork`. */
import { Store } from '../../src/judge/store/store.ts'

const store = Store.open(process.argv[2] ?? '', () => {})
process.send?.('open')
process.on('message', () => store.close())
