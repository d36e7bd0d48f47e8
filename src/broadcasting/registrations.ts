import type { BroadcasterFactory } from './broadcaster.ts'
import { ChannelAuthorizer, type ChannelRule } from './channel-authorizer.ts'
import type { RuleOptions } from './rule-options.ts'

/** Rules and drivers as application code registers them; needs no settings, so it may begin before they are loaded. */
export class Registrations {
  readonly authorizer: ChannelAuthorizer = new ChannelAuthorizer()
  readonly drivers = new Map<string, BroadcasterFactory>()

  /** Registers a rule; the first one that matches decides. */
  channel<const Pattern extends string, Guest extends boolean = false>(
    pattern: Pattern,
    rule: ChannelRule<Pattern, Guest>,
    options?: RuleOptions<Guest>,
  ): void {
    this.authorizer.add(pattern, rule, options)
  }

  /** Makes a driver known, or replaces one. */
  extend(driver: string, factory: BroadcasterFactory): void {
    this.drivers.set(driver, factory)
  }

  /** Adds what others hold, behind what is there already. */
  addAll({ authorizer, drivers }: Registrations): void {
    this.authorizer.addAll(authorizer)
    for (const [driver, factory] of drivers) this.extend(driver, factory)
  }
}
