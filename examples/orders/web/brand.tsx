/** The shop's sign; leads back to the choice of a person. */
export function Brand() {
  return (
    <a className="brand" href="/">
      <img src="/favicon.svg" alt="" width="32" height="32" />
      Little Harbour
    </a>
  )
}
