import { Broadcast } from '@startkit/broadcasting'

// presence-shop: everybody, under the name that they give. A real app asks its session, on whichever node.
Broadcast.channel(
  'shop',
  ({ request }) => {
    const { 'x-name': name } = request.headers
    return typeof name === 'string' && { id: name }
  },
  { guest: true },
)
