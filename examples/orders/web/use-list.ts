import { useRef, useState } from 'react'
import { useWhenSubscribed } from './use-when-subscribed.ts'

type List<Item> = readonly Item[]
type Change<Item> = (list: List<Item>) => List<Item>

/**
 * A list that is fetched whenever the channel has become subscribed, `undefined` until then, and a function that changes
 * it. What changes while the answer is under way changes the answer too, which may know nothing of it yet.
 */
export function useList<Item>(
  channel: string,
  fetchList: () => Promise<List<Item>>,
  attempt: (action: () => Promise<void>) => Promise<void>,
): [List<Item> | undefined, (change: Change<Item>) => void] {
  const [list, setList] = useState<List<Item>>()
  const meanwhile = useRef<Change<Item>[]>(undefined)

  useWhenSubscribed(channel, () =>
    attempt(async () => {
      const changes: Change<Item>[] = []
      meanwhile.current = changes
      const fetched = await fetchList()
      // One that was asked for later knows more.
      if (meanwhile.current !== changes) return
      meanwhile.current = undefined
      setList(changes.reduce((known, change) => change(known), fetched))
    }),
  )
  const change = (next: Change<Item>) => {
    meanwhile.current?.push(next)
    setList((known) => known && next(known))
  }
  return [list, change]
}
