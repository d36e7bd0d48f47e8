import { payloadAt } from '../../src/testing/fake-socket.ts'

/** Texts and the frames that hold them, for comparing them by the million: equal texts are one object. */
export class Texts {
  readonly #texts = new Map<string, string>()
  readonly #writes = new Map<Buffer, readonly string[]>()

  /** The text, always as the same object. */
  once(text: string): string {
    const known = this.#texts.get(text)
    if (known === undefined) this.#texts.set(text, text)
    return known ?? text
  }

  /** The texts in one write, read once however many share its bytes; throws unless it is whole text frames, unmasked. */
  in(bytes: Buffer): readonly string[] {
    const known = this.#writes.get(bytes)
    if (known !== undefined) return known
    const texts: string[] = []
    for (let start = 0; start < bytes.length; ) {
      const [payload, size] = payloadAt(bytes, start)
      const end = payload + size
      if (bytes[start] !== 0x81 || end > bytes.length) throw new Error('These are not whole text frames')
      texts.push(this.once(bytes.toString('utf8', payload, end)))
      start = end
    }
    this.#writes.set(bytes, texts)
    return texts
  }
}
