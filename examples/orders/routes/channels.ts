import { Broadcast } from '@startkit/broadcasting'

// private-orders.{customerId}: a customer hears of their own orders only.
Broadcast.channel('orders.{customerId}', ({ user, params }) => user.id === params.customerId)

// presence-warehouse: the team, under the names that they see of one another.
Broadcast.channel(
  'warehouse',
  ({ user }) => user.role === 'warehouse' && { id: user.id, info: { name: user.name } },
)
