const nothing = Buffer.alloc(0)

/**
 * Makes a reader for the bytes of one connection that hands the first byte of each complete frame to `take`, wherever
 * the bytes were cut, and looks at nothing else. Frames above 65,535 bytes are not expected here.
 * @param {(first: number) => void} take
 * @returns {(chunk: Buffer) => void} the chunk may be overwritten afterwards
 */
export function createFrameCounter(take) {
  let rest = nothing
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = endOfFrame(bytes, 0); end <= bytes.length; end = endOfFrame(bytes, start)) {
      take(bytes.readUInt8(start))
      start = end
    }
    rest = start === bytes.length ? nothing : Buffer.from(bytes.subarray(start))
  }
}

/**
 * Where the frame that begins at `start` ends; a server does not mask (RFC 6455, 5.2).
 * @param {Buffer} bytes
 * @param {number} start
 */
function endOfFrame(bytes, start) {
  const length = bytes[start + 1]
  if (length === undefined) return Number.POSITIVE_INFINITY
  if (length < 126) return start + 2 + length
  return start + 4 > bytes.length ? Number.POSITIVE_INFINITY : start + 4 + bytes.readUInt16BE(start + 2)
}
