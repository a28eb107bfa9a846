import { MAX_ERROR_DATA_BYTES } from '../../constants.ts'
import { NexusError, type NexusErrorCode, receivedError } from '../../errors.ts'
import { BODY_JSON, decodeBody, encodeBody } from './body.ts'

/** The bytes of an error's data: JSON, or `undefined` when it has none. Throws `INVALID` or `TOO_LARGE`. */
export function encodeErrorData({ data }: NexusError): Uint8Array | undefined {
  if (data === undefined) {
    return undefined
  }

  if (data instanceof Uint8Array) {
    throw new NexusError('INVALID', 'the data of an error is JSON, and no bytes')
  }

  return encodeBody(data, MAX_ERROR_DATA_BYTES).bytes
}

/** The failure that a peer tells. `INVALID` when what it gives as data is none. */
export function decodeError(code: NexusErrorCode, message: string, data: Uint8Array): NexusError {
  if (code !== 'APPLICATION' || data.byteLength === 0) {
    return receivedError(code, message)
  }

  try {
    if (data.byteLength > MAX_ERROR_DATA_BYTES) {
      throw new NexusError('TOO_LARGE', `it has over ${MAX_ERROR_DATA_BYTES} bytes`)
    }

    return receivedError(code, message, decodeBody(BODY_JSON, data))
  } catch (cause) {
    return new NexusError('INVALID', 'the data of the error that came back cannot be read', { cause })
  }
}
