/** Whether the browser says that there is no network at all; elsewhere nobody says so. */
export function saysOffline(): boolean {
  // Node 20 has no `navigator`, later ones have it without `onLine`.
  return globalThis.navigator?.onLine === false
}
