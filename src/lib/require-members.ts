import { NexusError } from '../errors.ts'

/**
 * Makes sure that an object of a library has the members that are used here beside its published interface: another
 * version may lack them, and a limit that is set through one must not get lost in silence. Throws `INVALID`.
 *
 * @param library - the package's name, for the message
 * @param paths - names of members, those of members with a dot between
 */
export function requireMembers(library: string, object: object, paths: readonly string[]): void {
  for (const path of paths) {
    if (memberAt(object, path) === undefined) {
      throw new NexusError(
        'INVALID',
        `this version of ${library} has no '${path}': install the one that package.json names`
      )
    }
  }
}

function memberAt(object: unknown, path: string): unknown {
  return path.split('.').reduce((at, name) => (at as Record<string, unknown> | undefined)?.[name], object)
}
