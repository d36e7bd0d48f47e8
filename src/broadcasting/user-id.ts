import { maxUserId } from '../protocol/names.ts'
import { UserIdError } from './errors.ts'

/** Whether something identifies a user on the wire. */
export function isUserId(id: unknown): id is string | number {
  return typeof id === 'number' ? Number.isFinite(id) : typeof id === 'string' && id !== ''
}

/** The id as it stands on the wire. Throws a {@link UserIdError} for what no signed-in user can have. */
export function toUserId(id: string | number): string {
  if (!isUserId(id) || String(id).length > maxUserId) throw new UserIdError(id)
  return String(id)
}
