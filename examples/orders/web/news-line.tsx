import type { News } from './use-news.ts'

/** The live region: screen readers say what it shows. */
export function NewsLine({ news }: { news: News | undefined }) {
  return (
    <p className="news" role="status">
      {news?.text}
    </p>
  )
}
