/**
 * What a shell sources. For zsh and fish these are the scripts of @bomb.sh/tab. Its script for bash evaluates the words on the line,
 * so that TAB after `insula exec web dump > file` would run the redirection; ours passes them as arguments
 * (docs/decisions/0013-bash-completion.md).
 */

import { script } from '@bomb.sh/tab'

export function printCompletionScript(shell: 'bash' | 'zsh' | 'fish', print: (text: string) => void): void {
  if (shell === 'bash') print(BASH)
  else script(shell, 'insula', 'insula')
}

/** bash takes words apart at = and :, so what it took apart is joined again before insula sees it. */
const BASH = `# bash completion for insula
_insula() {
  local word at answer value current joined=()
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ \${#joined[@]} -gt 0 && ( $word == [=:] || \${joined[-1]} == *[=:] ) ]]; then
      joined[-1]+=$word
    else
      joined+=("$word")
    fi
  done
  current=\${COMP_WORDS[COMP_CWORD]}
  [[ $current == [=:] ]] && current=
  COMPREPLY=()
  while IFS= read -r answer; do
    [[ $answer == :* ]] && continue
    value=\${answer%%$'\\t'*}
    [[ $value == "$current"* ]] && COMPREPLY+=("$value")
  done < <(insula complete -- "\${joined[@]}" 2>/dev/null)
}
complete -F _insula insula`
