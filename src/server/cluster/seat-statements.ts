import type { Member } from '../../protocol/messages.ts'
import { kindOf } from '../../protocol/names.ts'
import { type Joined, type RegistryListener, settleTime } from '../adapter.ts'
import type { Held, Ledger, Notice, PlaceState } from './broker.ts'
import type { Link } from './link.ts'
import type { Difference, Entry, Seat } from './seat.ts'

/** What all seats of a node have in common. */
export interface Surroundings {
  readonly link: Link
  readonly ledger: Ledger
  readonly listener: RegistryListener | undefined
  /** Whether the ledger may not know yet what every node has. */
  readonly doubtful: boolean
  /** Whether users who leave are kept for a while, as they will appear on another node. */
  readonly draining: boolean
}

/** Somebody who waits for the ledger to have heard of an entry, or of its end. */
interface Waiting {
  readonly entry: Entry
  readonly resolve: (joined: Joined) => void
}

const nobody: ReadonlySet<string> = new Set()

/**
 * Says to the ledger what this node has in a channel, one statement at a time, however many come and go meanwhile; and tells
 * this node's subscribers what the answers and notices mean to them.
 */
export class SeatStatements {
  readonly seat: Seat
  readonly #around: Surroundings
  readonly #emptied: () => void
  #waiting: Waiting[] = []
  /** Whether something has changed that nobody waits for. */
  #changed = false
  /** Whether the ledger may have forgotten all of it, or not have heard the last of it. */
  #again = false
  /** The memory of the ledger in which the last statement stands. */
  #memory: string | undefined
  #saying = false
  #isWatched = false
  /** Whether it has to be looked up how the channel is, once everything is said. */
  #unsure = false
  /** The last notice that came while something was being said; only of counts. */
  #later: Notice | undefined

  /** `emptied` is called each time that everything is said, the ledger has heard it, and nobody is here. */
  constructor(seat: Seat, around: Surroundings, emptied: () => void) {
    this.seat = seat
    this.#around = around
    this.#emptied = emptied
  }

  /** Whether nobody is here, and the ledger knows. */
  get over(): boolean {
    return this.seat.subscriptions === 0 && !this.#saying && !this.#again
  }

  /** Whether the broker is to tell of the changes that others make. */
  get isWatched(): boolean {
    return this.#isWatched
  }

  /** True once: when it is to tell of them from now on. */
  beginsToBeWatched(): boolean {
    if (this.#isWatched || !(this.#isPresence || this.#isCounted)) return false
    this.#isWatched = true
    return true
  }

  /** Resolves when the ledger has heard that the entry has come or gone, or is out of reach. */
  told(entry: Entry): Promise<Joined> {
    return new Promise((resolve) => {
      this.#waiting.push({ entry, resolve })
      void this.#say()
    })
  }

  /** The ledger may be another one when it can be asked again. */
  lost(): void {
    this.seat.version = 0
    this.#again = true
  }

  /** Resolves when what is here has been said once more, or cannot be said. Never rejects. */
  sayAgain(): Promise<void> {
    this.#changed = true
    return this.#say()
  }

  /** What the ledger has answered before, or is about to, may be older than the watch: something may have been missed. */
  watched(): void {
    if (this.#saying) this.#unsure = true
    else if (this.seat.version > 0) void this.refresh()
  }

  /** The channel has changed, whoever changed it. */
  noticed(notice: Notice): void {
    if (this.#isPresence) {
      const difference = this.seat.learnNotice(notice, this.#around.doubtful)
      if (difference === undefined) void this.refresh()
      else this.#tell(difference)
    } else if (this.#saying) this.#later = notice
    else this.#learnCount(notice, false)
  }

  /** Learns how the channel is; never rejects. */
  async refresh(): Promise<void> {
    const { link, ledger } = this.#around
    try {
      const state = await link.ask(() => ledger.state(this.seat.place))
      if (this.#isPresence) this.#tell(this.seat.learnState(state, this.#around.doubtful))
      else this.#learnCount(state, false)
      // Older than what has come meanwhile, it has told nothing of those who are in doubt.
      const isOld = state.version > 0 && state.version < this.seat.version
      if (isOld && this.seat.doubtful && !this.#around.doubtful) await this.refresh()
    } catch {
      // Out of reach: everything is learnt anew when the ledger is back.
    }
  }

  /** Says what has changed until nothing has. Never rejects. */
  async #say(): Promise<void> {
    if (this.#saying) return
    this.#saying = true
    while (this.#waiting.length > 0 || this.#changed) {
      const waiting = this.#waiting
      this.#waiting = []
      this.#changed = false
      const refused = await this.#hold()
      for (const { entry, resolve } of waiting) {
        const isFull = entry.member !== undefined && refused.has(entry.member.id)
        if (isFull && this.seat.entryOf(entry.socketId) === entry) {
          this.seat.exit(entry)
          this.#changed = true
          this.#turnedAway(entry)
        }
        resolve(isFull ? 'full' : 'joined')
      }
    }
    this.#saying = false
    const later = this.#later
    this.#later = undefined
    if (later !== undefined) this.#learnCount(later, false)
    if (this.#unsure) void this.refresh()
    this.#unsure = false
    if (this.over) this.#emptied()
  }

  /** Who was here before and came anew was kept in the roster: whether another node has the user, only the ledger knows. */
  #turnedAway({ member }: Entry): void {
    if (member === undefined || !this.seat.roster.has(member.id)) return
    this.seat.doubtful = true
    this.#unsure = true
  }

  /** Says what is so now; returns the users who found the channel full. */
  async #hold(): Promise<ReadonlySet<string>> {
    const { seat } = this
    if (this.#again) {
      const repeated = await this.#repeat()
      if (repeated === undefined) return this.#goAlone()
      if (seat.isSaid) return nobody
    }
    const add = seat.toAdd()
    const held = await this.#state(add, seat.toRemove(), seat.app.presenceMaxMembers)
    if (held === undefined) return this.#goAlone()
    this.#announce(held, nobody, false)
    return new Set(held.refused)
  }

  /** Says again what the ledger may have forgotten: whoever has been admitted is not refused now. */
  async #repeat(): Promise<Held | undefined> {
    const { link } = this.#around
    const { seat } = this
    const add = seat.claimed()
    // A ledger that remembers takes for new only who has left since, and others have been told of that.
    const forgets = link.memory === undefined || link.memory !== this.#memory
    const known = new Set(forgets ? add.filter(({ id }) => seat.isKnown(id)).map(({ id }) => id) : [])
    const wasOccupied = forgets && seat.isKnownAsOccupied
    this.#again = false
    const held = await this.#state(add, seat.gone(), 0)
    if (held !== undefined) this.#announce(held, known, wasOccupied)
    return held
  }

  /** One statement; undefined when it may not have been heard. */
  async #state(add: readonly Member[], remove: readonly string[], limit: number): Promise<Held | undefined> {
    const { link, ledger, listener, draining } = this.#around
    const { seat } = this
    const { place, subscriptions } = seat
    const { memory } = link
    seat.attempted(add)
    try {
      const held = await link.ask((life) => {
        const settled = listener?.wantsTransitions === true
        // With nobody else there, nobody can take them over.
        const keep = draining && !link.alone ? settleTime : 0
        const holding = { subscriptions, add, remove, limit, counted: this.#isCounted, settled, keep }
        return ledger.hold(life, place, holding, seat.version)
      })
      this.#memory = memory
      seat.confirmed(subscriptions, add, remove, held.refused)
      this.#learnHeld(held, add)
      return held
    } catch {
      this.#again = true
      return undefined
    }
  }

  #goAlone(): ReadonlySet<string> {
    const { app, channel } = this.seat
    this.seat.attempted(this.seat.toAdd())
    const { full, ...difference } = this.seat.learnAlone()
    this.#tell(difference)
    if (this.#isCounted) this.#around.listener?.counted(app, channel, this.seat.total, true)
    return full
  }

  #learnHeld(held: Held, added: readonly Member[]): void {
    if (this.#isPresence) {
      this.#tell(this.seat.learnHeld(held, added, this.#around.doubtful))
    } else this.#learnCount(held, true)
  }

  #learnCount({ version, subscriptions }: Held | Notice | PlaceState, caused: boolean): void {
    const { seat } = this
    if (version <= seat.version) return
    seat.learnState({ version, subscriptions, members: [] }, false)
    this.#around.listener?.counted(seat.app, seat.channel, subscriptions, caused)
  }

  /** Whom the ledger has forgotten, but others have been told of, has not come now. */
  #announce(held: Held, known: ReadonlySet<string>, wasOccupied: boolean): void {
    const { app, channel } = this.seat
    const { listener } = this.#around
    if (held.occupied && !wasOccupied) listener?.transition({ name: 'channel_occupied', app, channel })
    const back = new Set(held.back)
    for (const userId of held.added) {
      if (known.has(userId) || back.has(userId)) continue
      listener?.transition({ name: 'member_added', app, channel, userId })
    }
  }

  #tell({ removed, added }: Difference): void {
    const { app, channel } = this.seat
    const { listener } = this.#around
    for (const userId of removed) listener?.memberRemoved(app, channel, userId)
    for (const member of added) listener?.memberAdded(app, channel, member)
  }

  get #isPresence(): boolean {
    return kindOf(this.seat.channel).access === 'presence'
  }

  /** Whether subscribers are told how many they are. */
  get #isCounted(): boolean {
    const { app, channel } = this.seat
    const { access } = kindOf(channel)
    return app.subscriptionCount && access !== 'presence' && access !== 'user'
  }
}
