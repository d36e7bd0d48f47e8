import { useSubscriptionStatus } from '@startkit/broadcasting/react'
import { useEffect, useEffectEvent } from 'react'

/** Runs whenever the channel has become subscribed: at the start, and after each reconnect, since events were missed. */
export function useWhenSubscribed(channel: string, run: () => void): void {
  const { state } = useSubscriptionStatus(channel)
  const runLatest = useEffectEvent(run)
  useEffect(() => {
    if (state === 'subscribed') runLatest()
  }, [state])
}
