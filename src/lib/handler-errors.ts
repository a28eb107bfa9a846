import type { HandlerErrorContext, HandlerErrorListener } from '../types.ts'
import { isThenable } from './is-thenable.ts'

/** Is told what handlers throw. Never throws itself. */
export type HandlerErrorReporter = (error: unknown, context: HandlerErrorContext) => void

/** Hands what handlers throw to a listener; prints it on stderr, or a browser's console, when there is none. */
export function handlerErrorReporter(listener: HandlerErrorListener = printHandlerError): HandlerErrorReporter {
  return (error, context) => {
    runHandler(
      () => listener(error, context),
      (failure) => {
        printHandlerError(error, context)
        print('onHandlerError', failure)
      }
    )
  }
}

/** Runs a handler that nobody waits for. What it throws, or its promise is rejected with, goes to `onError`. */
export function runHandler(handler: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = handler()

    if (isThenable(result)) {
      Promise.resolve(result).then(undefined, onError)
    }
  } catch (error) {
    onError(error)
  }
}

/** What is done with it when nobody else wants it. */
export function printHandlerError(error: unknown, context: HandlerErrorContext): void {
  print(`the handler of ${describe(context)}`, error)
}

function print(what: string, error: unknown): void {
  try {
    console.error(`nexus: ${what} failed:`, error)
  } catch {
    // An error can be an object that cannot be shown. Saying so must not end the process either.
    console.error(`nexus: ${what} failed, with what cannot be shown`)
  }
}

function describe(context: HandlerErrorContext): string {
  switch (context.kind) {
    case 'api':
      return `the command '${context.cmd}', called by ${context.from.jid},`
    case 'direct':
      return `directs, given one of ${context.from.jid},`
    case 'channel':
      return `the channel ${JSON.stringify(context.channel)}, given a message of ${context.from.jid},`
    case 'gap':
      return `gaps of the channel ${JSON.stringify(context.channel)}, told of one of ${context.from.jid},`
    case 'status':
      return 'the status'
  }
}
