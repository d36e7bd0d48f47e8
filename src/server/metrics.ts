/** What has happened since the server was made; only ever counted up. Hot paths add once per event, never per recipient. */
export class Metrics {
  /** Connections that were established. */
  connectionsAccepted = 0
  /** Connections that were turned away with a code. */
  connectionsRefused = 0
  /** Established connections that have ended, whoever ended them. */
  connectionsClosed = 0
  /** Messages of clients, whatever became of them. */
  messagesReceived = 0
  /** Messages of clients that were in error or over a limit. */
  messagesRefused = 0
  /** Answers to mistakes and repetitions that were not sent, for a client gets only so many. */
  answersSuppressed = 0
  /** Failures within the server; each has left a line at error. */
  handlerFailures = 0
  /** Subscriptions that succeeded. */
  subscriptionsAccepted = 0
  /** Subscriptions that were refused. */
  subscriptionsRefused = 0
  /** Client events that were passed on. */
  clientEventsAccepted = 0
  /** Events, once for each channel: of the application, of clients, and of the server itself. */
  eventsPublished = 0
  /** Events handed to connections of this node, once for each connection. */
  deliveries = 0
  /** Connections that were closed because they did not read. */
  slowConnectionsClosed = 0
  /** Connections that were closed because they gave no sign of life. */
  staleConnectionsClosed = 0
  /** Connections that were closed because they did not sign in, or join a private channel, in time. */
  unauthorizedConnectionsClosed = 0
  /** Times that what waited for a connection was dropped: it was closed, or did not read. */
  framesDropped = 0
  /** Messages to other nodes that the broker took. */
  relaySent = 0
  /** Messages to other nodes that the broker did not take. */
  relayFailed = 0
  /** Messages of other nodes; of cache channels the own ones, too. */
  relayReceived = 0
  /** Messages over the broker that were none of ours. */
  relayRefused = 0
  /** Times that the broker was lost. */
  brokerLosses = 0
  /** Requests to the HTTP API. */
  apiRequests = 0
  /** Requests to the HTTP API that were refused. */
  apiRequestsRefused = 0
  /** Requests to the HTTP API that failed within the server. */
  apiFailures = 0
  /** Look-ups of an app that failed, or were too many. */
  appLookupsFailed = 0
  /** Requests of webhooks that were taken. */
  webhooksSent = 0
  /** Requests of webhooks that were not taken, each try. */
  webhooksFailed = 0
  /** Events that a webhook will never be told. */
  webhookEventsDropped = 0
}

/** What has happened so far on this node, by name. */
export interface ServerCounters extends Readonly<Metrics> {
  /** Connections that are established now. */
  readonly connections: number
}
