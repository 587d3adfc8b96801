import { UsageError, command } from '../command.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const completion = command({
  name: 'completion',
  summary: 'Print the completion script for a shell',
  arguments: { shell: { about: 'bash, zsh or fish', complete: SHELLS } },
  options: {},
  examples: [
    { line: 'source <(insula completion bash)', about: 'in ~/.bashrc' },
    { line: 'source <(insula completion zsh)', about: 'in ~/.zshrc, after compinit' },
    { line: 'insula completion fish | source', about: 'in ~/.config/fish/config.fish' },
  ],
  run: async (context, { args }) => {
    const shell = SHELLS.find((one) => one === args.shell)
    if (shell === undefined) throw new UsageError(`there is no completion for '${args.shell}', only for ${SHELLS.join(', ')}`)
    const { printCompletionScript } = await import('../completion/script.ts')
    printCompletionScript(shell, context.print)
  },
})
