import { command } from '../command.ts'

export const complete = command({
  name: 'complete',
  summary: 'Answer the shell what the last of these words could be',
  arguments: { words: { about: 'the words after "insula", as far as they are typed', rest: true, optional: true } },
  options: {},
  examples: [],
  hidden: true,
  run: async (context, { args }) => {
    await (await import('../completion/complete.ts')).printCompletions(context, args.words)
  },
})
