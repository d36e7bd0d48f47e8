import { type Person, people } from '../shop/people.ts'

/** Opens the shop as somebody else beside this window. */
export function OtherWindows({ me }: { me: Person }) {
  return (
    <nav className="other-windows" aria-labelledby="others">
      <h2 id="others">Look over somebody's shoulder</h2>
      <ul>
        {people
          .filter(({ id }) => id !== me.id)
          .map(({ id, name, role }) => (
            <li key={id}>
              <a href={`?as=${id}`} target="_blank" rel="noreferrer">
                {name}
              </a>{' '}
              <small>{role}</small>
            </li>
          ))}
      </ul>
      <small>Each opens in a window of its own; put it beside this one.</small>
    </nav>
  )
}
