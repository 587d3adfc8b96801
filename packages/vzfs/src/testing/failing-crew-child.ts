/** `failing-crew-child.ts ROUNDS`: crews whose first helper fails while the others still load. Says the error of each. */

import { realFileCalls } from '@insula/kernel'
import { startCrew } from '../build/crew.ts'
import { errnoOf } from '../errors.ts'
import { copyTask } from '../relink/adopt.ts'

const nowhere = Array.from({ length: 64 }, (_, index) => `/nowhere/${index}`)
for (let round = 0; round < Number(process.argv[2]); round++) {
  try {
    await using crew = startCrew(realFileCalls(), 12)
    await crew.run(copyTask(nowhere, nowhere), () => {})
  } catch (error) {
    console.log(errnoOf(error))
  }
}
