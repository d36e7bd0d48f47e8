import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { broadcast } from '@startkit/broadcasting'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { NotePinned } from '../events/note-pinned.ts'
import { OrderPlaced } from '../events/order-placed.ts'
import { OrderShipped } from '../events/order-shipped.ts'
import { addNote, recentNotes } from '../shop/notes.ts'
import { ordersFor, placeOrder, shipOrder } from '../shop/orders.ts'
import { type Person, personOf } from '../shop/people.ts'
import { products } from '../shop/products.ts'

/** The page and what it asks for. Whoever acts sees it in the answer; `toOthers()` tells everybody else. */
export async function webRoutes(app: FastifyInstance) {
  await app.register(fastifyStatic, { root: join(import.meta.dirname, '../dist') })

  app.get('/api/orders', async (request) => ordersFor(signedIn(request)))

  app.post<{ Body: { productId: string } }>('/api/orders', { schema: newOrder }, async (request) => {
    const order = placeOrder(signedIn(request, 'customer').id, request.body.productId)
    await broadcast(new OrderPlaced(order)).toOthers()
    return order
  })

  app.post<{ Params: { id: string } }>('/api/orders/:id/ship', async (request) => {
    signedIn(request, 'warehouse')
    const order = shipOrder(Number(request.params.id)) ?? refuse(409, 'No such order is waiting')
    await broadcast(new OrderShipped(order)).toOthers()
    return order
  })

  app.get('/api/notes', async (request) => {
    signedIn(request, 'warehouse')
    return recentNotes()
  })

  app.post<{ Body: { text: string } }>('/api/notes', { schema: newNote }, async (request) => {
    const note = addNote(signedIn(request, 'warehouse').id, request.body.text)
    await broadcast(new NotePinned(note)).toOthers()
    return note
  })
}

const newOrder = body('productId', { enum: products.map(({ id }) => id) })
const newNote = body('text', { type: 'string', minLength: 1, maxLength: 200 })

function body(field: string, schema: object) {
  return { body: { type: 'object', required: [field], properties: { [field]: schema } } }
}

/** Who asks; refuses whom the page would not have offered this. */
function signedIn(request: FastifyRequest, role?: Person['role']): Person {
  const person = personOf(request.headers) ?? refuse(401, 'Pick who you are first')
  return role === undefined || person.role === role ? person : refuse(403, `This is for the ${role} only`)
}

function refuse(statusCode: number, message: string): never {
  throw Object.assign(new Error(message), { statusCode })
}
