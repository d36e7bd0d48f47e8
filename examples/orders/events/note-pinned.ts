import { BroadcastEvent, PresenceChannel } from '@startkit/broadcasting'
import type { Note } from '../shop/notes.ts'

/** A note for the team. */
export class NotePinned extends BroadcastEvent {
  readonly note: Note

  constructor(note: Note) {
    super()
    this.note = note
  }

  broadcastOn() {
    return new PresenceChannel('warehouse')
  }
}
