export interface Product {
  readonly id: string
  readonly name: string
  readonly detail: string
}

/** Everything the shop sells. */
export const products: readonly Product[] = [
  { id: 'guji', name: 'Guji', detail: 'Ethiopia · 250 g' },
  { id: 'huila', name: 'Huila', detail: 'Colombia · 250 g' },
  { id: 'house', name: 'House espresso', detail: 'Blend · 1 kg' },
]
