import { useSocketId } from '@startkit/broadcasting/react'
import type { Person } from '../shop/people.ts'

export type Api = <Answer>(path: string, body?: object) => Promise<Answer>

/** Asks the shop for something, or with a body to do something; rejects with what the shop says against it. */
export function useApi(me: Person): Api {
  // Tells the server which socket is ours, so that toOthers() can leave it out.
  const socketId = useSocketId()
  return async (path, body) => {
    const response = await fetch(`/api${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        'X-Demo-User': me.id,
        ...(socketId !== undefined && { 'X-Socket-ID': socketId }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.message)
    return answer
  }
}
