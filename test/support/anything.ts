import fc from 'fast-check'

const utf16 = fc.nat(0xffff).map((unit) => String.fromCharCode(unit))

/** Any text: readable ones, any characters, and any UTF-16 units, halves of surrogate pairs among them. */
export function anyText(maxLength = 100): fc.Arbitrary<string> {
  const constraints = { maxLength }
  return fc.oneof(
    fc.string(constraints),
    fc.string({ ...constraints, unit: 'binary' }),
    fc.string({ ...constraints, unit: utf16 }),
  )
}

/** Any value that JSON can hold, and names that objects have by birth among its keys. */
export const anyJson: fc.Arbitrary<fc.JsonValue> = fc.letrec<{ value: fc.JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, '', 0, -0, 2 ** 53, 1e308),
    anyText(20),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(anyText(10), fc.constantFrom('__proto__', 'constructor', 'id')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value
