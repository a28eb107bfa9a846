import { Command, type ErrorOptions, type HelpContext } from 'commander'

/**
 * A command that fails in one line, which says what to do. Where a name is missing, commander would print all its help.
 */
export class OneLineCommand extends Command {
  override createCommand(name?: string): OneLineCommand {
    return new OneLineCommand(name)
  }

  override error(message: string, options?: ErrorOptions): never {
    const isAdvice = message.includes('(Did you mean ')
    return super.error(isAdvice ? message : `${message} (${pathOf(this)} --help shows how)`, options)
  }

  // `nexus` alone asks for its help; what else commander answers so is an error.
  override help(context?: HelpContext | ((text: string) => string)): never {
    const isFailure = typeof context === 'object' && context.error === true
    const [first, topic] = this.args

    if (isFailure && first === 'help') {
      this.error(`unknown command '${topic}'`)
    }

    if (isFailure && this.parent !== null) {
      this.error(`missing command: ${this.commands.map((command) => command.name()).join(', ')}`)
    }

    return super.help(context as HelpContext)
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
