import { multiaddr } from '@multiformats/multiaddr'

const HEADER_BYTES = 20
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const MAGIC_COOKIE = 0x2112a442
const XOR_MAPPED_ADDRESS = 0x0020
/** An attribute below this must be understood by whoever answers. */
const OPTIONAL_ATTRIBUTES = 0x8000

/**
 * The answer to a STUN binding request (RFC 8489): from where it came, 32 bytes, with IPv6 44. `undefined` for anything
 * else, which is not answered: answers too, so that two servers can't be set upon each other, and requests with
 * attributes that would have to be understood, like those with a password.
 */
export function bindingAnswer(request: Buffer, address: string, port: number): Buffer | undefined {
  return isBindingRequest(request) ? answerTo(request, address, port) : undefined
}

function isBindingRequest(message: Buffer): boolean {
  return (
    message.length >= HEADER_BYTES &&
    message.readUInt16BE(0) === BINDING_REQUEST &&
    message.readUInt16BE(2) === message.length - HEADER_BYTES &&
    message.readUInt32BE(4) === MAGIC_COOKIE &&
    hasOptionalAttributes(message.subarray(HEADER_BYTES))
  )
}

function hasOptionalAttributes(attributes: Buffer): boolean {
  for (let offset = 0; offset < attributes.length; ) {
    if (offset + 4 > attributes.length || attributes.readUInt16BE(offset) < OPTIONAL_ATTRIBUTES) {
      return false
    }
    // Each is filled up to a multiple of four.
    offset += 4 + Math.ceil(attributes.readUInt16BE(offset + 2) / 4) * 4
  }
  return true
}

function answerTo(request: Buffer, address: string, port: number): Buffer {
  const octets = octetsOf(address)
  const answer = Buffer.alloc(HEADER_BYTES + 8 + octets.length)
  answer.writeUInt16BE(BINDING_SUCCESS, 0)
  answer.writeUInt16BE(answer.length - HEADER_BYTES, 2)
  // The cookie and the transaction's id, which hide the address from whoever rewrites addresses on the way.
  request.copy(answer, 4, 4, HEADER_BYTES)
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20)
  answer.writeUInt16BE(4 + octets.length, 22)
  answer.writeUInt8(octets.length === 4 ? 1 : 2, 25)
  answer.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26)
  octets.forEach((octet, index) => {
    answer.writeUInt8(octet ^ answer.readUInt8(4 + index), 28 + index)
  })
  return answer
}

function octetsOf(address: string): Uint8Array {
  const [host = ''] = address.split('%')
  // Behind the protocol's number, one byte.
  return multiaddr(host.includes(':') ? `/ip6/${host}` : `/ip4/${host}`).bytes.subarray(1)
}
