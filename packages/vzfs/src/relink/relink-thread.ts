/** Entry of the thread that relinks areas, one after the other; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { startCrew } from '../build/crew.ts'
import { commonHere, serveJobs } from '../standing-thread.ts'
import { relink, type RelinkCommon, type RelinkJob } from './relink.ts'

const files = realFileCalls()
const { threads } = commonHere() as RelinkCommon
const crew = startCrew(files, threads)
serveJobs((job, progress) => relink(files, crew, job as RelinkJob, progress))
