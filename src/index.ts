export { AnonymousEvent } from './broadcasting/anonymous-event.ts'
export {
  AuthEndpoint,
  type AuthEndpointParts,
} from './broadcasting/auth-endpoint.ts'
export { Broadcast, broadcast } from './broadcasting/broadcast.ts'
export { BroadcastEvent } from './broadcasting/broadcast-event.ts'
export {
  type BroadcastCounters,
  BroadcastManager,
  type BroadcastManagerParts,
} from './broadcasting/broadcast-manager.ts'
export type {
  Broadcaster,
  BroadcasterFactory,
  BroadcasterParts,
  OutgoingEvent,
  Reach,
  Reached,
} from './broadcasting/broadcaster.ts'
export {
  Channel,
  type ChannelLike,
  EncryptedPrivateChannel,
  PresenceChannel,
  PrivateChannel,
} from './broadcasting/channel.ts'
export {
  ChannelAuthorizer,
  type ChannelRule,
  type Decision,
  type JoinRequest,
  type RuleContext,
  type RuleResult,
} from './broadcasting/channel-authorizer.ts'
export type { ParamsOf } from './broadcasting/channel-pattern.ts'
export type {
  AuthConfig,
  AuthEndpointConfig,
  BroadcastManagerConfig,
} from './broadcasting/config.ts'
export type { ConnectionConfig } from './broadcasting/connection-config.ts'
export type { LocalServer } from './broadcasting/drivers/reverb.ts'
export {
  AlreadySentError,
  BroadcastError,
  BrokenDriverError,
  ChannelNameError,
  ChannelPatternError,
  EncryptionKeyError,
  EventError,
  PartlySentError,
  PayloadError,
  RuleFailedError,
  RuleResultError,
  RuleTimeoutError,
  ShutDownError,
  UnknownDriverError,
  UnsupportedError,
  UserFailedError,
  UserIdError,
} from './broadcasting/errors.ts'
export type { RemoteServer } from './broadcasting/http/reverb-target.ts'
export { type PendingBatch, PendingBroadcast } from './broadcasting/pending-broadcast.ts'
export type { BroadcastReceipt, ReceiptChannel } from './broadcasting/receipt.ts'
export type { ReportedPromise } from './broadcasting/reported-promise.ts'
export { type RequestLike, runInRequest } from './broadcasting/request-context.ts'
export type { GuardedKind, RuleOptions } from './broadcasting/rule-options.ts'
export type {
  BroadcastRequest,
  BroadcastRequests,
  BroadcastUser,
  PresenceMember,
} from './broadcasting/user.ts'
export {
  Application,
  type ApplicationOptions,
  type Bindings,
  type Lifecycle,
  type ProviderClass,
  type ProviderEntry,
} from './foundation/application.ts'
export { defineConfig, type PartialConfig } from './foundation/config.ts'
export { MissingBindingError, ProviderError } from './foundation/errors.ts'
export type { HttpApp, HttpRequest, HttpResponse, HttpRoute } from './foundation/http.ts'
export { Provider } from './foundation/provider.ts'
export { verifyWebhook, type Webhook, type WebhookEvent } from './protocol/webhook.ts'
export { type BroadcastingConfig, ReverbProvider } from './reverb-provider.ts'
export { BroadcastingError, ConfigurationError } from './support/errors.ts'
export type { Logger } from './support/logger.ts'
