import { command } from '../command.ts'

export const metrics = command({
  name: 'metrics',
  summary: 'Print figures of the node and its VPSs for a monitoring system',
  details: 'In the text format of OpenMetrics, as GET /v1/metrics answers: docs/metrics.md tells what is in it.',
  arguments: {},
  options: {},
  examples: [{ line: 'insula metrics | grep memory_bytes', about: 'memory in use by each VPS' }],
  run: async (context) => void context.stdout().write(await (await context.client()).metrics()),
})
