// Compiled by `npm run types`, never run: the options that are written out have the names and the types of the settings.
import type { BroadcastManagerConfig, broadcastingSettings } from '../../src/broadcasting/config.ts'
import type { HttpOptions, PusherServerOptions } from '../../src/broadcasting/connection-config.ts'
import type { httpSettings, pusherSettings } from '../../src/broadcasting/http/settings.ts'
import type { addressSettings } from '../../src/protocol/address.ts'
import type { AddressOptions } from '../../src/protocol/address-options.ts'
import type { AppSettings } from '../../src/server/apps/app.ts'
import type { AppLimits } from '../../src/server/apps/app-limits.ts'
import type { ServerConfig } from '../../src/server/config.ts'
import type { ReverbServerOptions } from '../../src/server/server-options.ts'
import type { appSettings, serverSettings } from '../../src/server/settings.ts'
import type { LogOptions, loggerSettings } from '../../src/support/logger-settings.ts'
import type { Values } from '../../src/support/settings.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_equal: Equal<A, B>) => {}

same<AddressOptions, Partial<Values<typeof addressSettings>>>(true)
same<LogOptions, Partial<Values<typeof loggerSettings>>>(true)
same<AppLimits, Partial<Values<typeof appSettings>>>(true)
same<HttpOptions, Partial<Values<typeof httpSettings>>>(true)
same<PusherServerOptions, Partial<Values<typeof pusherSettings>>>(true)

type ServerSetting = keyof typeof serverSettings
type ServerValues = Values<typeof serverSettings>
same<Pick<ReverbServerOptions, ServerSetting>, Partial<ServerValues>>(true)

// `REVERB_SERVER` is no option: the driver in code says what it would.
type BroadcastingSetting = Exclude<keyof typeof broadcastingSettings, 'reverbServer'>
type BroadcastingValues = Values<typeof broadcastingSettings>
same<
  Pick<BroadcastManagerConfig, BroadcastingSetting>,
  { readonly [Name in BroadcastingSetting]?: NonNullable<BroadcastingValues[Name]> }
>(true)

// What is resolved has every one of them.
same<AppSettings, Values<typeof appSettings>>(true)
same<Pick<ServerConfig, ServerSetting>, ServerValues>(true)

// The comparison itself tells apart what lacks a name, what has another type, and what may not be left out.
same<Omit<AppLimits, 'maxBatch'>, Partial<Values<typeof appSettings>>>(false)
same<{ readonly maxBatch?: string }, Pick<AppLimits, 'maxBatch'>>(false)
same<AppLimits, Values<typeof appSettings>>(false)
