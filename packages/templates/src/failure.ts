/** Why a template could not be built, in one sentence, and what to do. */

export type FailureReason =
  | 'bad_mirror'
  | 'mirror_unreachable'
  | 'signature'
  | 'no_space'
  | 'tool_missing'
  | 'unsupported'
  | 'unknown_template'
  | 'damaged'
  /** An archive of which no template can be made. */
  | 'unsuitable'
  | 'failed'

export class TemplateFailed extends Error {
  override readonly name = 'TemplateFailed'
  readonly reason: FailureReason
  readonly remedy: string
  constructor(reason: FailureReason, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
    this.remedy = remedy
  }
}
