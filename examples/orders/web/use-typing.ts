import { useBroadcastEvent, useWhisper } from '@startkit/broadcasting/react'
import { useRef, useState } from 'react'

/** Milliseconds between two whispers of one writer, and after which a silent one has stopped. */
const interval = 1000
const patience = 2500

export interface Typing {
  /** Ids of the others who are writing at the moment. */
  readonly ids: readonly string[]
  /** Call it at every stroke. */
  announce(): void
}

/** Who is writing: members whisper it to one another, and the server vouches for who whispers. */
export function useTyping(channel: string): Typing {
  const whisper = useWhisper(channel)
  const [heard, setHeard] = useState<ReadonlyMap<string, number>>(new Map())
  const announced = useRef(0)

  useBroadcastEvent(channel, 'client-typing', (_payload, { userId }) => {
    if (userId === undefined) return
    const now = Date.now()
    setHeard((others) => new Map(others).set(userId, now))
    setTimeout(() => setHeard((others) => new Map([...others].filter(([, at]) => at > now))), patience)
  })
  useBroadcastEvent(channel, 'NotePinned', ({ note }) =>
    setHeard((others) => new Map([...others].filter(([id]) => id !== note.authorId))),
  )

  const announce = () => {
    if (Date.now() - announced.current < interval) return
    if (whisper('client-typing', {})) announced.current = Date.now()
  }
  return { ids: [...heard.keys()], announce }
}
