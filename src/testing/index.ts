export { type BrokerTest, brokerSuite, type CreateBroker } from './broker-suite.ts'
export { FakePusher } from './fake-pusher.ts'
export { FakeSocket } from './fake-socket.ts'
export {
  type Closed,
  ProtocolClient,
  type ProtocolClientOptions,
  type SubscribeFields,
} from './protocol-client.ts'
export { payloadOf, type ServerMessage } from './server-message.ts'
export { type TransportTest, transportSuite } from './transport-suite.ts'
