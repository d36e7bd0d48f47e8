/** What has happened since the server was made; only ever counted up. Hot paths add once per event, never per recipient. */
export class Metrics {
  connectionsAccepted = 0
  connectionsRefused = 0
  connectionsClosed = 0
  messagesReceived = 0
  messagesRefused = 0
  answersSuppressed = 0
  handlerFailures = 0
  subscriptionsAccepted = 0
  subscriptionsRefused = 0
  clientEventsAccepted = 0
  eventsPublished = 0
  deliveries = 0
  slowConnectionsClosed = 0
  staleConnectionsClosed = 0
  unauthorizedConnectionsClosed = 0
  framesDropped = 0
  relaySent = 0
  relayFailed = 0
  relayReceived = 0
  relayRefused = 0
  brokerLosses = 0
  apiRequests = 0
  apiRequestsRefused = 0
  apiFailures = 0
  appLookupsFailed = 0
  webhooksSent = 0
  webhooksFailed = 0
  webhookEventsDropped = 0
}
