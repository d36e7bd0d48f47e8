import { usePresence } from '@startkit/broadcasting/react'
import { type FormEvent, useState } from 'react'
import { findPerson } from '../shop/people.ts'
import { Avatar } from './avatar.tsx'
import type { Api } from './use-api.ts'
import type { Newsroom } from './use-news.ts'
import { useNotes } from './use-notes.ts'
import { useTyping } from './use-typing.ts'

interface TeamProps {
  channel: `presence-${string}`
  api: Api
  news: Newsroom
}

/** Who is in the warehouse right now, who of them is writing, and what they have written. */
export function Team({ channel, api, news }: TeamProps) {
  const { members, me } = usePresence<{ name: string }>(channel)
  const typing = useTyping(channel)
  const notes = useNotes(channel, api, news)
  return (
    <section className="card" aria-labelledby="team">
      <h2 id="team">In the warehouse</h2>
      <ul className="members">
        {members.map(({ id, info }) => (
          <li key={id} className="member">
            <Avatar id={id} name={info.name} />
            <span className="grow">
              {info.name}
              {id === me?.id && <small> you</small>}
            </span>
            {typing.ids.includes(id) && <em className="typing">typing…</em>}
          </li>
        ))}
      </ul>
      <ul className="notes" aria-label="Notes">
        {notes.list.map(({ id, authorId, text }) => (
          <li key={id}>
            <strong>{findPerson(authorId)?.name}</strong> {text}
          </li>
        ))}
      </ul>
      <NoteForm onType={typing.announce} onPin={notes.pin} />
    </section>
  )
}

function NoteForm({ onType, onPin }: { onType: () => void; onPin: (text: string) => void }) {
  const [text, setText] = useState('')
  const pin = (event: FormEvent) => {
    event.preventDefault()
    onPin(text.trim())
    setText('')
  }
  return (
    <form className="note-form" onSubmit={pin}>
      <input
        aria-label="Note for the team"
        placeholder="Leave a note for the team"
        maxLength={200}
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          onType()
        }}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Pin
      </button>
    </form>
  )
}
