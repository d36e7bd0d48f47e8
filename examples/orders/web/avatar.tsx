/** A person's initial on a colour of their own; whoever shows it says the name beside it. */
export function Avatar({ id, name }: { id: string; name: string }) {
  return (
    <span className="avatar" data-person={id} aria-hidden="true">
      {name.slice(0, 1)}
    </span>
  )
}
