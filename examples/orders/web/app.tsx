import { BroadcastingProvider } from '@startkit/broadcasting/react'
import { findPerson } from '../shop/people.ts'
import { CustomerDesk } from './customer-desk.tsx'
import { TopBar } from './top-bar.tsx'
import { WarehouseDesk } from './warehouse-desk.tsx'
import { Welcome } from './welcome.tsx'

/** The shop as one person sees it. Who that is stands in the address, so that every window can be somebody else. */
export function App({ as }: { as: string | null }) {
  const me = findPerson(as)
  if (me === undefined) return <Welcome />
  // Requests to /broadcasting/auth say who is asking; with a session cookie there would be nothing to configure.
  const channelAuthorization = { headers: { 'X-Demo-User': me.id } }
  return (
    <BroadcastingProvider settings={{ options: { channelAuthorization } }}>
      <TopBar me={me} />
      {me.role === 'customer' ? <CustomerDesk me={me} /> : <WarehouseDesk me={me} />}
    </BroadcastingProvider>
  )
}
