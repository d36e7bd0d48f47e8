import type { Person } from '../shop/people.ts'
import { Avatar } from './avatar.tsx'
import { Brand } from './brand.tsx'
import { ConnectionLine } from './connection-line.tsx'

/** Where one is, whether the connection stands, and who one is. */
export function TopBar({ me }: { me: Person }) {
  return (
    <header className="top-bar">
      <Brand />
      <ConnectionLine />
      <div className="me">
        <Avatar id={me.id} name={me.name} />
        <span className="lines">
          <strong>{me.name}</strong>
          <a href="/">Switch</a>
        </span>
      </div>
    </header>
  )
}
