import { type Person, people } from '../shop/people.ts'
import { Avatar } from './avatar.tsx'
import { Brand } from './brand.tsx'

/** Asks who one is: every name leads to the shop as that person sees it. */
export function Welcome() {
  return (
    <main className="welcome">
      <Brand />
      <h1>Who are you in this window?</h1>
      <p className="lead">
        Open two windows side by side, one as a customer and one in the warehouse. What happens in one shows
        in the other at once.
      </p>
      <Choice title="Customers" hint="Orders coffee" choices={whoIs('customer')} />
      <Choice title="Warehouse" hint="Ships orders" choices={whoIs('warehouse')} />
      <p className="fine">There is no password here: this shop believes whoever you say you are.</p>
    </main>
  )
}

function whoIs(role: Person['role']): Person[] {
  return people.filter((person) => person.role === role)
}

function Choice({ title, hint, choices }: { title: string; hint: string; choices: Person[] }) {
  return (
    <section aria-labelledby={title}>
      <h2 id={title}>{title}</h2>
      <ul className="choices">
        {choices.map(({ id, name }) => (
          <li key={id}>
            <a className="choice" href={`?as=${id}`}>
              <Avatar id={id} name={name} />
              <span className="lines">
                <strong>{name}</strong>
                <small>{hint}</small>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
