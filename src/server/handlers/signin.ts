import type { ClientMessage } from '../../protocol/decode.ts'
import { PusherError } from '../../protocol/errors.ts'
import { error, signinSuccess } from '../../protocol/messages.ts'
import { isWritable, maxUserId } from '../../protocol/names.ts'
import { secretsOf, userString, verifyAuth } from '../../protocol/signature.ts'
import { type Awaitable, andThen, isPromise, orUndo } from '../../support/awaitable.ts'
import { parseObject } from '../../support/json.ts'
import type { Registry } from '../adapter.ts'
import type { Connection, SignedInUser } from '../connection.ts'
import type { Unawaited } from '../unawaited.ts'
import type { SignedInUsers } from '../users/signed-in-users.ts'
import type { Watchlists } from '../users/watchlists.ts'

type SigninMessage = Extract<ClientMessage, { event: 'signin' }>

/** Users on one watchlist; the rest is not watched (protocol.md 5.2). */
const maxWatchlist = 100

interface SigninParts {
  readonly registry: Registry
  readonly users: SignedInUsers
  readonly watchlists: Watchlists
  readonly unawaited: Unawaited
}

/** A user whose signature is right. */
interface Proven {
  readonly user: SignedInUser
  readonly watchlist: readonly string[]
  /** The string that was signed, byte for byte. */
  readonly userData: string
}

/** Signs connections in as users, and out when they end. */
export interface Signin {
  /** Handles `pusher:signin` (protocol.md 5). Throws a {@link PusherError} with 4009, which closes nothing. */
  handle(connection: Connection, message: SigninMessage): Awaitable<void>
  /** Resolves when every sign-in of the connection that is under way has ended, well or not; undefined where none is. */
  underWay(connection: Connection): Promise<void> | undefined
  /** Undoes it, if the connection is signed in. */
  undo(connection: Connection): Awaitable<void>
}

/** Makes what signs connections in and out. */
export function createSignin({ registry, users, watchlists, unawaited }: SigninParts): Signin {
  /** Of connections that the registry is being asked about: resolves when it has answered. */
  const underWay = new Map<Connection, Promise<void>>()
  return { handle, underWay: (connection) => underWay.get(connection), undo }

  function handle(connection: Connection, message: SigninMessage): Awaitable<void> {
    const proven = prove(connection, message)
    // Now, not when the registry has answered: it was said in time.
    connection.authorized = true
    return inTurn(connection, () => signIn(connection, proven))
  }

  function signIn(connection: Connection, proven: Proven): Awaitable<void> {
    const { app, socketId, user: current } = connection
    const { user } = proven
    if (!connection.open) return undefined
    if (current !== undefined && current.id !== user.id) {
      throw refused('This connection is signed in as another user')
    }
    if (current !== undefined) return succeed(connection, proven)
    // Before the registry has answered: an order to disconnect the user must find it.
    users.add(connection, user.id)
    const signedIn = orUndo(
      () => registry.signIn(app, socketId, user.id),
      () => users.remove(connection, user.id),
    )
    return andThen(signedIn, () => succeed(connection, proven))
  }

  /** In this order: the answer, what is wrong with the watchlist, who of it is online (protocol.md 5.2). */
  function succeed(connection: Connection, { user, userData, watchlist }: Proven): void {
    connection.user = user
    connection.send(signinSuccess(userData))
    if (watchlist.length > maxWatchlist) {
      connection.send(
        error(4302, `A watchlist has at most ${maxWatchlist} users; the others are not watched`),
      )
    }
    unawaited(watchlists.watch(connection, watchlist.slice(0, maxWatchlist)), 'Reading a watchlist')
  }

  function undo(connection: Connection): Awaitable<void> {
    return inTurn(connection, () => signOut(connection))
  }

  function signOut(connection: Connection): Awaitable<void> {
    const { app, socketId, user } = connection
    if (user === undefined) return undefined
    watchlists.unwatch(connection)
    users.remove(connection, user.id)
    return registry.signOut(app, socketId, user.id)
  }

  /** One after the other for each connection; where nothing is under way, at once. */
  function inTurn(connection: Connection, run: () => Awaitable<void>): Awaitable<void> {
    const before = underWay.get(connection)
    const running = before === undefined ? run() : after(before, run)
    if (isPromise(running)) void remember(connection, running)
    return running
  }

  async function remember(connection: Connection, running: Promise<void>): Promise<void> {
    const settled = settle(running)
    underWay.set(connection, settled)
    await settled
    if (underWay.get(connection) === settled) underWay.delete(connection)
  }
}

async function after(before: Promise<void>, run: () => Awaitable<void>): Promise<void> {
  await before
  return run()
}

/** Whoever has begun it hears of its failure; whoever only waits for its end does not. */
async function settle(running: Promise<void>): Promise<void> {
  await Promise.allSettled([running])
}

/** Who it is, if the app's backend says so. */
function prove({ app, socketId }: Connection, { auth, userData }: SigninMessage): Proven {
  if (typeof auth !== 'string' || typeof userData !== 'string') {
    throw refused('Signing in needs the strings auth and user_data')
  }
  if (!verifyAuth(auth, app.key, secretsOf(app), userString(socketId, userData))) {
    throw refused('The auth string is not valid for this user and socket')
  }
  const user = parseObject(userData)
  if (user === undefined) throw refused('user_data is not a JSON object')
  const { id, user_info: info, watchlist } = user
  if (typeof id !== 'string' || id === '' || id.length > maxUserId || !isWritable(id)) {
    throw refused(`user_data needs an id: a text of 1 to ${maxUserId} characters`)
  }
  return { user: { id, info: textOf(info ?? {}) }, watchlist: listOf(watchlist), userData }
}

function textOf(info: unknown): string {
  try {
    return JSON.stringify(info)
  } catch {
    // JSON.parse accepts deeper nesting than JSON.stringify.
    throw refused('user_info is nested too deeply')
  }
}

/** The users of a watchlist, each once; ids that are numbers count as texts (protocol.md 5.2). */
function listOf(watchlist: unknown): readonly string[] {
  if (watchlist === undefined || watchlist === null) return []
  const ids = Array.isArray(watchlist) ? watchlist : [undefined]
  return [
    ...new Set(
      ids.map((id: unknown) => {
        if (typeof id === 'string' || typeof id === 'number') return String(id)
        throw refused('watchlist must be an array of user ids')
      }),
    ),
  ]
}

function refused(message: string): PusherError {
  return new PusherError(4009, message)
}
