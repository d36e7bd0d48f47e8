import { pack } from './wire.ts'

/** Puts one message into the channel; `sent` is called when it has left this process, or cannot. */
export type SendMessage = (message: object, sent: () => void) => void

/** About as many bytes as a word has that carries no message. */
const smallWord = 300

/** One direction of a channel: what is said in one turn travels together, in its order. */
export class Line<Word extends object> {
  readonly #send: SendMessage
  #words: Word[] = []
  #bytes = 0
  #unsent = 0
  /** Whether the channel carries buffers as they are; the first words carry none, and find it out. */
  advanced = true

  constructor(send: SendMessage) {
    this.#send = send
  }

  /** About as many bytes have not left this process yet. */
  get unsent(): number {
    return this.#unsent + this.#bytes
  }

  /** `bytes` are those of a message that the word carries. */
  say(word: Word, bytes = 0): void {
    this.#words.push(word)
    this.#bytes += smallWord + bytes
    if (this.#words.length === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const words = this.#words
    const bytes = this.#bytes
    this.#words = []
    this.#bytes = 0
    this.#unsent += bytes
    this.#send(pack(words, this.advanced), () => {
      this.#unsent -= bytes
    })
  }
}
