import { useBroadcastEvent } from '@startkit/broadcasting/react'
import { useState } from 'react'
import type { Note } from '../shop/notes.ts'
import type { Api } from './use-api.ts'
import type { Newsroom } from './use-news.ts'
import { useWhenSubscribed } from './use-when-subscribed.ts'

export interface Notes {
  /** The newest last. */
  readonly list: readonly Note[]
  pin(text: string): Promise<void>
}

/** The notes that the team leaves for one another. */
export function useNotes(channel: string, api: Api, { attempt }: Newsroom): Notes {
  const [list, setList] = useState<readonly Note[]>([])
  const add = (note: Note) => setList((notes) => [...notes.filter(({ id }) => id !== note.id), note])

  useWhenSubscribed(channel, () => attempt(async () => setList(await api('/notes'))))
  useBroadcastEvent(channel, 'NotePinned', ({ note }) => add(note))

  return { list, pin: (text) => attempt(async () => add(await api('/notes', { text }))) }
}
