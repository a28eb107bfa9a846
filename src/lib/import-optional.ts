/**
 * Imports a package that whoever wants it installs. Bundlers resolve every name that they see in an import, and fail
 * where it is not installed: in the published package they are told to leave this one alone (`scripts/outside.ts`).
 */
export function importOptional(name: string): Promise<any> {
  return import(name)
}
