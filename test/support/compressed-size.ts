import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

/** Bytes of files as a web server sends them: each compressed with gzip. */
export async function compressedSize(files: readonly string[]): Promise<number> {
  const sizes = files.map(async (file) => gzipSync(await readFile(file), { level: 9 }).byteLength)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
