import type { StreamSettings } from './jetstream.ts'
import { sentOn } from './store.ts'

/** Milliseconds in a day. */
const day = 86_400_000

/** The streams of an installation, all of whose subjects begin with the root. Whatever is not said again ends by itself. */
export function streamsOf(root: string, replicas: number) {
  return {
    /** What the nodes hold; notices of places are sent on without the places. */
    ledger: {
      ...streamOf(`${root}_ledger`, `${root}.l`, replicas),
      maxAge: 2 * day,
      republish: { from: `${root}.l.place.>`, to: `${root}.n.>`, headersOnly: true },
    },
    /** Events of cache channels; they are sent on to their roads. */
    events: {
      ...streamOf(`${root}_events`, `${root}.e`, replicas),
      maxAge: 7 * day,
      republish: { from: `${root}.e.${sentOn}.>`, to: `${root}.r.>`, headersOnly: false },
    },
    /** Reminders of departures. */
    due: { ...streamOf(`${root}_due`, `${root}.d`, replicas), maxAge: 2 * day },
  } satisfies Record<string, StreamSettings>
}

function streamOf(name: string, root: string, replicas: number) {
  return { name, subjects: [`${root}.>`], replicas }
}
