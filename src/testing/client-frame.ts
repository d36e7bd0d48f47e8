/** The mask of every client frame, unless it is given. */
const usualMask = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

/** A frame as clients send it (RFC 6455, 5.2): its first byte (FIN, reserved bits, opcode) and its payload, masked. */
export function clientFrame(first: number, payload: Uint8Array | string = '', mask = usualMask): Buffer {
  const masked = Buffer.from(payload)
  for (const [index, byte] of masked.entries()) masked[index] = byte ^ mask.readUInt8(index % 4)
  return Buffer.concat([Buffer.from([first]), maskedLength(masked.length), mask, masked])
}

/** The beginning of a client's frame that announces so many bytes. */
export function clientHeader(first: number, length: number): Buffer {
  return Buffer.concat([Buffer.from([first]), maskedLength(length), usualMask])
}

function maskedLength(length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | length])
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9)
  if (length < 65_536) bytes.writeUInt16BE(length, 1)
  else bytes.writeBigUInt64BE(BigInt(length), 1)
  bytes[0] = 0x80 | (length < 65_536 ? 126 : 127)
  return bytes
}
