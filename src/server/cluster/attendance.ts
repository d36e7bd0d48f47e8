import type { SocketId } from '../../protocol/names.ts'
import { Serial } from '../../support/serial.ts'
import { settleTime } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { Grace } from '../grace.ts'
import type { Ledger } from './broker.ts'
import type { Link } from './link.ts'

interface AttendanceParts {
  readonly link: Link
  readonly ledger: Ledger
  /** Called with what this node knows of a user by now. */
  readonly changed: (app: { readonly id: string }, userId: string, online: boolean) => void
  /** Tells other nodes that the user may have come; false when they could not be reached. Never rejects. */
  readonly tellOfUser: (appId: string, userId: string) => Promise<boolean>
}

/** A user who is signed in on this node, or was until a moment ago. */
interface Attendee {
  readonly app: App
  readonly userId: string
  readonly sockets: Set<SocketId>
  readonly statements: Serial
  /** What the ledger has been told; undefined when that is not sure. */
  said: boolean | undefined
  /** Whether others may not have been told that the user has come. */
  untold: boolean
}

/** Users at a time of whom the ledger is asked. */
const batch = 256

/** The signed-in users of this node, as the ledger is told of them. */
export class Attendance {
  readonly #parts: AttendanceParts
  readonly #attendees = new Map<string, Attendee>()
  readonly #gone = new Grace(settleTime)
  /** Users of whom the ledger is being asked, as long as nothing newer is known of them. */
  readonly #asked = new Set<Set<string>>()

  constructor(parts: AttendanceParts) {
    this.#parts = parts
  }

  /** Resolves when the ledger knows, or is out of reach. */
  signIn(app: App, socketId: SocketId, userId: string): Promise<void> {
    const key = keyOf(app.id, userId)
    this.#gone.cancel(key)
    const attendee = this.#attendees.get(key) ?? {
      app,
      userId,
      sockets: new Set(),
      statements: new Serial(),
      said: false,
      untold: false,
    }
    this.#attendees.set(key, attendee)
    attendee.sockets.add(socketId)
    return this.#say(attendee)
  }

  /** Resolves when the ledger knows, or is out of reach. */
  async signOut({ id }: App, socketId: SocketId, userId: string): Promise<void> {
    const attendee = this.#attendees.get(keyOf(id, userId))
    if (attendee === undefined) return
    attendee.sockets.delete(socketId)
    await this.#say(attendee)
  }

  /** Those of the users who are online; out of reach, those who are signed in here. */
  async online(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { link, ledger } = this.#parts
    try {
      return await link.ask(() => ledger.online(appId, userIds))
    } catch {
      return new Set(userIds.filter((userId) => this.#attendees.get(keyOf(appId, userId))?.sockets.size))
    }
  }

  /** Looks up whether the users are online, and says so. */
  async verify(appId: string, userIds: readonly string[]): Promise<void> {
    for (let start = 0; start < userIds.length; start += batch) {
      const asked = userIds.slice(start, start + batch)
      for (const userId of asked) this.#outdate(appId, userId)
      const current = new Set(asked.map((userId) => keyOf(appId, userId)))
      this.#asked.add(current)
      const online = await this.online(appId, asked)
      this.#asked.delete(current)
      for (const userId of asked) {
        if (current.has(keyOf(appId, userId))) this.#parts.changed({ id: appId }, userId, online.has(userId))
      }
    }
  }

  /** Says everything again. */
  async recover(): Promise<void> {
    const attendees = [...this.#attendees.values()]
    for (const attendee of attendees) attendee.said = undefined
    for (let start = 0; start < attendees.length; start += batch) {
      await Promise.all(attendees.slice(start, start + batch).map((attendee) => this.#say(attendee)))
    }
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#gone.stop()
  }

  /** Answers that are still on their way know less of the user than what comes now. */
  #outdate(appId: string, userId: string): void {
    const key = keyOf(appId, userId)
    for (const asked of this.#asked) asked.delete(key)
  }

  #say(attendee: Attendee): Promise<void> {
    return attendee.statements.run(() => this.#sayNow(attendee))
  }

  async #sayNow(attendee: Attendee): Promise<void> {
    const { app, userId, sockets } = attendee
    const { link, ledger, changed } = this.#parts
    const isHere = sockets.size > 0
    if (attendee.said === isHere) return
    const wasHere = attendee.said
    attendee.said = undefined
    try {
      const isNew = await link.ask((life) => ledger.sign(life, app.id, userId, isHere))
      attendee.said = isHere
      if (isNew || attendee.untold) {
        attendee.untold = false
        if (isHere) {
          this.#outdate(app.id, userId)
          changed(app, userId, true)
        }
        // Even of one who has gone again: another node may have the user, and have found that this one came first.
        void this.#tellOthers(attendee)
      }
    } catch {
      attendee.untold ||= isHere
      // Out of reach: the watchers of this node are told what this node knows.
      if (wasHere !== undefined) changed(app, userId, isHere)
    }
    if (isGone(attendee)) this.#forgetSoon(attendee)
  }

  /** Not at once: a ledger may forget what it was told last, and then it is said again. */
  #forgetSoon(attendee: Attendee): void {
    const key = keyOf(attendee.app.id, attendee.userId)
    this.#gone.hold(key, () => {
      if (isGone(attendee) && this.#parts.link.up) this.#attendees.delete(key)
    })
  }

  /** Out of reach, they are told when the ledger is back. */
  async #tellOthers(attendee: Attendee): Promise<void> {
    const isTold = await this.#parts.tellOfUser(attendee.app.id, attendee.userId)
    attendee.untold ||= !isTold
  }
}

/** The user is here no longer, and the ledger knows. */
function isGone({ sockets, said }: Attendee): boolean {
  return sockets.size === 0 && said === false
}

function keyOf(appId: string, userId: string): string {
  return JSON.stringify([appId, userId])
}
