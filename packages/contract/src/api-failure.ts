/** A refusal by the API as an error that can be thrown: on the server's side to answer with, on the client's side as answered. */

import { type ErrorCode, errors } from './errors.ts'
import type { ApiError } from './failure.ts'

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly details: readonly { readonly path: string; readonly message: string }[]

  constructor(error: ApiError, options?: { cause?: unknown }) {
    super(error.message, options)
    this.code = error.code
    this.remedy = error.remedy
    this.details = error.details ?? []
  }

  get status(): number {
    return errors[this.code].status
  }

  get exit(): number {
    return errors[this.code].exit
  }

  get retryable(): boolean {
    return errors[this.code].retryable
  }

  toJSON(): ApiError {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.details.length === 0 ? {} : { details: [...this.details] }),
    }
  }
}
