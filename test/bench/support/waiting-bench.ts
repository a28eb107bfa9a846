/** Has a side at work, and prints the group of that. */
import { SideProcess } from '../../../bench/side-process.ts'

const side = new SideProcess('../test/bench/support/waiting-side.ts')
process.stdout.write(`${await side.order({ start: true })}\n`)
