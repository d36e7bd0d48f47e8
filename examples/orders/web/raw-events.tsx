import { useBroadcastChannel, useSubscriptionStatus } from '@startkit/broadcasting/react'

/** Every event of a channel as it arrives, the newest first. */
export function RawEvents({ channel }: { channel: string }) {
  const messages = useBroadcastChannel(channel, { limit: 50 })
  const { state } = useSubscriptionStatus(channel)
  return (
    <section className="card wire" aria-labelledby="wire">
      <h2 id="wire">On the wire</h2>
      <p className="channel" data-state={state}>
        <code>{channel}</code> {state}
      </p>
      {messages.length === 0 && (
        <p className="empty">
          Nothing has arrived yet. What you do in this window does not come back to it: the server sends it{' '}
          <code>toOthers()</code>.
        </p>
      )}
      <ol>
        {messages.toReversed().map(({ event, data, receivedAt }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: counted from the oldest, so a message keeps its key
          <li key={messages.length - index} className="message">
            <strong>{event}</strong>
            <time>{new Date(receivedAt).toLocaleTimeString()}</time>
            <code>{JSON.stringify(data, null, 1)}</code>
          </li>
        ))}
      </ol>
    </section>
  )
}
