import { useBroadcastEvent } from '@startkit/broadcasting/react'
import type { Note } from '../shop/notes.ts'
import type { Api } from './use-api.ts'
import { useList } from './use-list.ts'
import type { Newsroom } from './use-news.ts'

export interface Notes {
  /** The newest last. */
  readonly list: readonly Note[]
  pin(text: string): Promise<void>
}

/** The notes that the team leaves for one another. */
export function useNotes(channel: string, api: Api, { attempt }: Newsroom): Notes {
  const [list = [], change] = useList<Note>(channel, () => api('/notes'), attempt)
  const add = (note: Note) => change((notes) => [...notes.filter(({ id }) => id !== note.id), note])

  useBroadcastEvent(channel, 'NotePinned', ({ note }) => add(note))

  return { list, pin: (text) => attempt(async () => add(await api('/notes', { text }))) }
}
