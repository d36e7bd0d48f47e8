import { useState } from 'react'

/** The last thing that happened. */
export interface News {
  readonly text: string
  /** The order that it is about. */
  readonly orderId?: number
}

export interface Newsroom {
  readonly latest: News | undefined
  readonly tell: (news: News) => void
  /** Does something; when it fails, that is the news. */
  readonly attempt: (action: () => Promise<void>) => Promise<void>
}

/** One place for news, which the page shows in its live region. */
export function useNews(): Newsroom {
  const [latest, tell] = useState<News>()
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action()
    } catch (error) {
      tell({ text: error instanceof Error ? error.message : String(error) })
    }
  }
  return { latest, tell, attempt }
}
