/** A bag of coffee in the product's colour. */
export function ProductMark({ id }: { id: string }) {
  return (
    <svg className="product-mark" data-product={id} viewBox="0 0 40 40" aria-hidden="true">
      <rect width="40" height="40" rx="11" />
      <path d="M13 13h14l1.5 15.5a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2z" />
      <path d="M13.5 9.5h13V13h-13z" opacity="0.6" />
    </svg>
  )
}
