/** One WebSocket message, encoded once and shared by everyone who receives it. */
export type Frame = Buffer

/** A text message as an unmasked, unfragmented frame (RFC 6455, 5.2). */
export function encodeFrame(text: string): Frame {
  const length = Buffer.byteLength(text)
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10
  // Slow: not from the shared pool, which a frame waiting for a slow reader would keep alive.
  const frame = Buffer.allocUnsafeSlow(header + length)
  frame[0] = 0x81
  if (header === 2) {
    frame[1] = length
  } else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, header)
  return frame
}

/** A WebSocket ping without content. */
export const pingFrame: Frame = Buffer.from([0x89, 0x00])
