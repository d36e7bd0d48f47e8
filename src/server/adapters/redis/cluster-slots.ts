/** Slots of a Redis Cluster. */
export const slots = 16_384

/** The slot of a name: that of its hash tag, where it has one. */
export function slotOf(name: string): number {
  const open = name.indexOf('{')
  const close = open < 0 ? -1 : name.indexOf('}', open)
  return crc16(Buffer.from(close > open + 1 ? name.slice(open + 1, close) : name)) % slots
}

/** CRC-16/XMODEM, as the specification of Redis Cluster has it. */
function crc16(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    crc &= 0xffff
  }
  return crc
}
