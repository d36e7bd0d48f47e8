const twins = {
  ws: ['rfc6455', 'Rfc6455Transport as WsTransport'],
  rfc6455: ['ws', 'WsTransport as Rfc6455Transport'],
}

/**
 * Whoever imports one of the two transports gets the other, under its name.
 * @type {import('node:module').LoadHook}
 */
export function load(url, context, next) {
  const [, name] = /\/server\/transports\/(ws|rfc6455)\.js$/.exec(url) ?? []
  if (name !== 'ws' && name !== 'rfc6455') return next(url, context)
  const [twin, exported] = twins[name]
  return { format: 'module', shortCircuit: true, source: `export { ${exported} } from './${twin}.js?itself'` }
}
