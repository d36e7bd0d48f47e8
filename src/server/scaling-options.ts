import { z } from 'zod'
import { ConfigurationError } from '../support/errors.ts'
import { refuseUnknownOptions } from '../support/settings.ts'

const instance = z.custom<object>(
  (given) => typeof given === 'object' && given !== null,
  'expected an object',
)
const address = z.object({ host: z.string().min(1), port: z.int().min(1).max(65_535) })
const text = z.string().optional()

/** The ways to say where Redis is, by the option that tells them apart. */
const redisSchemas = {
  client: z.object({ client: instance }),
  sentinels: z.object({
    sentinels: z.array(address),
    name: z.string().min(1),
    password: text,
    sentinelPassword: text,
    db: z.int().min(0).optional(),
    tls: z.boolean().optional(),
  }),
  cluster: z.object({
    cluster: z.array(z.union([z.string(), address])),
    password: text,
    tls: z.boolean().optional(),
  }),
  url: z.object({ url: text }),
} as const

const natsSchema = z.object({
  url: text,
  connection: instance.optional(),
  replicas: z.int().min(1).optional(),
})

interface Given {
  readonly redis: unknown
  readonly nats: unknown
  readonly driver: string
  /** A broker joins the nodes, whatever the driver. */
  readonly hasBroker: boolean
  /** Somebody has said that this node stands alone. */
  readonly isAlone: boolean
}

/**
 * Throws a {@link ConfigurationError} for options of Redis or NATS that have no effect, or not the one that was meant: it
 * says what to write, and never a value.
 */
export function checkScalingOptions({ redis, nats, driver, hasBroker, isAlone }: Given): void {
  for (const [name, given] of [
    ['redis', redis],
    ['nats', nats],
  ] as const) {
    if (given === undefined) continue
    checkShape(name, given)
    if (hasBroker) throw new ConfigurationError(`${name}: it has no effect beside a broker; give one of them`)
    if (driver === name || isAlone) continue
    throw new ConfigurationError(
      `${name}: it has no effect while scalingDriver is '${driver}'; write scalingDriver: '${name}' ` +
        `(REVERB_SCALING_DRIVER=${name}), or 'none' for a node that shall stand alone`,
    )
  }
}

function checkShape(name: 'redis' | 'nats', given: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(
      `${name}: expected an object such as { url: '${name}://…' }; a URL alone is the option ${name}Url`,
    )
  }
  if (name === 'redis') checkRedis(given)
  else check(name, natsSchema, given)
}

function checkRedis(given: object): void {
  const ways = ['client', 'sentinels', 'cluster', 'url'] as const
  const [way = 'url', other] = ways.filter((name) => name in given)
  if (other !== undefined) {
    throw new ConfigurationError(`redis: give either ${way} or ${other}, not both`)
  }
  check('redis', redisSchemas[way], given)
}

function check(name: string, schema: z.ZodObject, given: object): void {
  const prefixed = (names: readonly string[]) => names.map((key) => `${name}.${key}`)
  const options = Object.fromEntries(prefixed(Object.keys(given)).map((key) => [key, true]))
  refuseUnknownOptions(options, prefixed(Object.keys(schema.shape)))
  const result = schema.safeParse(given)
  if (result.success) return
  const problems = result.error.issues.map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`)
  throw new ConfigurationError(problems.join('; '))
}
