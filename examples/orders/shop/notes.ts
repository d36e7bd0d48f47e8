export interface Note {
  readonly id: number
  readonly authorId: string
  readonly text: string
}

const notes: Note[] = [{ id: 1, authorId: 'sam', text: 'The courier comes at four today.' }]

/** The last notes of the team, the newest last. */
export function recentNotes(): Note[] {
  return notes.slice(-20)
}

/** Pins a note to the team's board. */
export function addNote(authorId: string, text: string): Note {
  const note = { id: notes.length + 1, authorId, text }
  notes.push(note)
  return note
}
