/** What JSON carries. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A message body: JSON, or raw bytes. */
export type Body = Json | Uint8Array
