import { describe, expect, it } from 'vitest'
import {
  channelString,
  isSignedBy,
  md5,
  secretsOf,
  sign,
  signChannel,
  signRequest,
  signUser,
  userString,
  verifyAuth,
} from './signature.ts'

const docs = { key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
const ours = { key: 'app-key', secret: 'app-secret' }

interface Vector {
  readonly secret: string
  readonly text: string
  readonly hmac: string
}

const vectors = (secret: string, rows: readonly (readonly [text: string, hmac: string])[]): Vector[] =>
  rows.map(([text, hmac]) => ({ secret, text, hmac }))

const channelsAndUsers: Vector[] = [
  ...vectors(docs.secret, [
    ['1234.1234:private-foobar', '58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4'],
    ['1234.1234::user::{"id":"12345"}', '4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba'],
    [
      '1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Pusher"}}',
      'afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c',
    ],
    [
      '1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      '31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80',
    ],
  ]),
  ...vectors(ours.secret, [
    ['218912.44719:private-orders.42', '860b5d24884987d6716be1c460c2acbcad53332c1714872bbbb555af3f44aedb'],
    ['218912.44719:private-cache-orders', 'f53ea82adef6cd19e98af50eb4107f2239ba1fef1caf12ba2772325aae3279b7'],
    [
      '218912.44719:private-encrypted-orders.42',
      '7467caff0a16a441f65633342bb8b27797f4fb35554663881c0ea7d8605c2144',
    ],
    [
      '218912.44719:presence-room-1:{"user_id":"7","user_info":{"name":"Zoë"}}',
      '7e8efacde85951af3826addd021ca9b5effeb0f7fe4086117ba31b44268ea727',
    ],
    [
      '218912.44719:presence-room-1:{"user_id":"7"}',
      '662ca69daba55c090e542128a501070eead017ef109437e850c590a96203d641',
    ],
    [
      '218912.44719:presence-cache-room:{"user_id":"7"}',
      '33910a86d5550f4fd685447b7170049228d40d154af4b7542ff5e977d7984e4c',
    ],
    [
      '218912.44719::user::{"id":"7","user_info":{"name":"Zoë"},"watchlist":["8","9"]}',
      '026898a80fab505967c5b8c8062b1dc5e13f7d869b1e42a869ab79bc6f1824dd',
    ],
    ['1.2::user::{"id":"a@b.c"}', '321c1be08ed7f68ab46de55c0c9559920c0bcfdd21e0cdbe63708caa14dc243f'],
  ]),
  ...vectors('tofu', [
    ['123.456::user::{"id":"45678"}', 'f4b1fdeea7c93e32648c7230e32b172057c5623cace6cfce791c6e7035e0babd'],
    ['1.1::user::{"id":"ą§¶™€łü€ß£"}', '620494cee53d6c568b49598313194088afda37218f0d059af03c0c898ed61ff4'],
    ['1.1:test:"ą§¶™€łü€ß£"', '2a229263e89d9c50524fd80c2e88be2843379f6931e28995e2cc214282c9db0c'],
    [
      '123.456:private-encrypted-bla:"foo"',
      '962c48b78bf93d98ff4c92ee7dff04865821455b7b401e9d60a9e0a90af2c105',
    ],
  ]),
]

const published = 'auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0'
const docsQuery =
  'auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f'
const session = '/apps/102015/channels/presence-session-d41a439c438a100756f5-4bf35003e819bb138249-ROpCFmgFhXY'

const requests: Vector[] = [
  ...vectors(docs.secret, [
    [
      `POST\n/apps/3/events\n${docsQuery}`,
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    ],
  ]),
  ...vectors('4bf35003e819bb138249', [
    [
      'GET\n/apps/102015/channels\nauth_key=d41a439c438a100756f5&auth_timestamp=1427034994&auth_version=1.0&filter_by_prefix=presence-&info=user_count',
      '4d8a02edcc8a758b0162cd6da690a9a45fb8ae326a276dca1e06a0bc42796c11',
    ],
    [
      `GET\n${session}\nauth_key=d41a439c438a100756f5&auth_timestamp=1427053326&auth_version=1.0&info=user_count,subscription_count`,
      'f93ceb31f396aef336226efe512aaf339bd5e39c7c2c04b81cc8681dc16ee785',
    ],
  ]),
  ...vectors('secret', [
    [
      'GET\n/some/obscure/api\nauth_key=key&auth_timestamp=1000&auth_version=1.0&body_md5=d41d8cd98f00b204e9800998ecf8427e&foo=bar',
      '5c49f04a95eedc9028b1e0e8de7c2c7ad63504a0e3b5c145d2accaef6c14dbac',
    ],
    [
      'POST\n/some/obscure/api\nauth_key=key&auth_timestamp=1000&auth_version=1.0&body_md5=94232c5b8fc9272f6f73a1e36eb68fcf',
      'e05fa4cafee86311746ee3981d5581a5e4e87c27bbab0aeb1059e2df5c90258b',
    ],
  ]),
  ...vectors(ours.secret, [
    [
      `POST\n/apps/app-id/events\n${published}&body_md5=cefd75a656e280a64d66791bd5619170`,
      '844a2935ca406894f6eba2edf78580131582dd7def36deccd0af6495923c27ea',
    ],
    [
      `POST\n/apps/app-id/batch_events\n${published}&body_md5=9c5740e036f3dd23fc606f6a09c22114`,
      '02280c264349bd681692bb20b7ade7d47f2bc35afe0962ee941ed755783bd55c',
    ],
    [
      `GET\n/apps/app-id/channels\n${published}&filter_by_prefix=presence-&info=user_count`,
      'fd5a1b38d92aee2b7913a8cf43136cffab888ee5a097536910d6239f08eb68a2',
    ],
    [
      `GET\n/apps/app-id/channels/cache-prices\n${published}&info=cache,subscription_count`,
      'd7d4c59b1126d0df5026f7ef00e615a8bcb74167516725233725bf97a3dbb91c',
    ],
    [
      `GET\n/apps/app-id/channels/presence-room-1/users\n${published}`,
      '4b1151fa6ff74d726555733d26f0dec7e5339750de1a745f18bcdfc481df3e22',
    ],
    [
      `GET\n/apps/app-id/channels\n${published}&body_md5=d41d8cd98f00b204e9800998ecf8427e`,
      '6a2f213f5ea86fd2cc8f4e738bac95efd868e894a2ab76d0e89393b2999b70ad',
    ],
    [
      `POST\n/apps/app-id/users/7/terminate_connections\n${published}&body_md5=99914b932bd37a50b983c5e7c90ae93b`,
      'a67ca993f19242f0b373641a830ea80f251b4558fe3b9295bfbd5d566720951b',
    ],
    [
      `POST\n/apps/app-id/users/u 1/é/terminate_connections\n${published}&body_md5=99914b932bd37a50b983c5e7c90ae93b`,
      '69f12733c452525575ca3610837aba11e4eeee195655809dee565f2693524dd9',
    ],
    [
      `POST\n/users/7/terminate_connections\n${published}&body_md5=99914b932bd37a50b983c5e7c90ae93b`,
      '1e89a5355617ba75c0a1ce043725528551f7e9d5a5a40f4d818bf4dd1bc19190',
    ],
  ]),
]

const webhooks: Vector[] = [
  ...vectors('secret', [
    ['{"hello":"world"}', '2677ad3e7c090b2fa2c0fb13020d66d5420879b8316eb356a2d60fb9073bc778'],
  ]),
  ...vectors('tofu', [
    [
      '{"time_ms":1403175510755,"events":[{"channel":"test_channel","name":"channel_vacated"}]}',
      'c17257e92037cd7de407ebc1ed174ceb7b2e518db127f44411b9ffc4f5b28cc5',
    ],
  ]),
  ...vectors(ours.secret, [
    [
      '{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"private-orders.42"}]}',
      '3dd71c56743e92aff4220afbaaa5a88bf7ba634fdd4a6e09afe0f1c17c5b6a6b',
    ],
    [
      '{"time_ms":1700000000123,"events":[{"name":"member_added","channel":"presence-room-1","user_id":"7"},{"name":"client_event","channel":"presence-room-1","event":"client-typing","data":"{\\"on\\":true}","socket_id":"218912.44719","user_id":"7"}]}',
      '1c785d9adb79f1589666309cad9f6044025609c8e764d68af7e8fe73ad46b9c8',
    ],
  ]),
]

const bodies: readonly (readonly [body: string, hash: string])[] = [
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['{}', '99914b932bd37a50b983c5e7c90ae93b'],
  ['{"foo": "bar"}', '94232c5b8fc9272f6f73a1e36eb68fcf'],
  [
    '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
    'ec365a775a4cd0599faeb73354201b6f',
  ],
  [
    '{"name":"order.paid","channels":["private-orders.42"],"data":"{\\"id\\":42}","socket_id":"218912.44719"}',
    'cefd75a656e280a64d66791bd5619170',
  ],
  [
    '{"batch":[{"name":"a","channel":"news","data":"1"},{"name":"b","channel":"private-orders.42","data":"{}"}]}',
    '9c5740e036f3dd23fc606f6a09c22114',
  ],
]

describe('sign', () => {
  it.each(channelsAndUsers)('C46 signs $text as the vectors say', ({ secret, text, hmac }) => {
    expect(sign(secret, text)).toBe(hmac)
  })

  it.each(requests)('C122 signs the request $text as the vectors say', ({ secret, text, hmac }) => {
    expect(sign(secret, text)).toBe(hmac)
  })

  it.each(webhooks)('signs the webhook $text as the vectors say', ({ secret, text, hmac }) => {
    expect(sign(secret, text)).toBe(hmac)
    expect(sign(secret, Buffer.from(text))).toBe(hmac)
  })
})

describe('md5', () => {
  it.each(bodies)('C122 hashes the body %j as the vectors say', (body, hash) => {
    expect(md5(Buffer.from(body))).toBe(hash)
  })
})

describe('the strings to sign', () => {
  it('C46 are made of socket id, channel and channel data', () => {
    expect(channelString('1234.1234', 'private-foobar')).toBe('1234.1234:private-foobar')
    expect(channelString('1.2', 'presence-x', '{"user_id":"7"}')).toBe('1.2:presence-x:{"user_id":"7"}')
    expect(userString('1.2', '{"id":"7"}')).toBe('1.2::user::{"id":"7"}')
  })

  it('contain channel data that is empty, since the client sent some', () => {
    expect(channelString('1.2', 'private-x', '')).toBe('1.2:private-x:')
  })
})

describe('signChannel and signUser', () => {
  it('C46 give key and signature, separated by a colon', () => {
    expect(signChannel(docs, '1234.1234', 'private-foobar')).toBe(
      '278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
    )
    expect(signChannel(ours, '218912.44719', 'presence-room-1', '{"user_id":"7"}')).toBe(
      'app-key:662ca69daba55c090e542128a501070eead017ef109437e850c590a96203d641',
    )
    expect(signUser(docs, '1234.1234', '{"id":"12345"}')).toBe(
      '278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    )
  })
})

describe('isSignedBy', () => {
  const signature = sign('new', 'text')

  it('accepts a signature by any of the secrets', () => {
    expect(isSignedBy(['new'], 'text', signature)).toBe(true)
    expect(isSignedBy(['new', 'old'], 'text', signature)).toBe(true)
    expect(isSignedBy(['old', 'new'], 'text', signature)).toBe(true)
  })

  it('refuses another secret, another text and no secret at all', () => {
    expect(isSignedBy(['old'], 'text', signature)).toBe(false)
    expect(isSignedBy(['new'], 'text ', signature)).toBe(false)
    expect(isSignedBy([], 'text', signature)).toBe(false)
  })

  it.each([
    ['upper case', signature.toUpperCase()],
    ['one digit too few', signature.slice(1)],
    ['one digit too many', `${signature}0`],
    ['a line break at the end', `${signature}\n`],
    [
      'characters whose low byte is right',
      [...signature].map((c) => String.fromCharCode(c.charCodeAt(0) + 256)).join(''),
    ],
    ['nothing', ''],
  ])('refuses a signature with %s', (_, malformed) => {
    expect(isSignedBy(['new'], 'text', malformed)).toBe(false)
  })
})

describe('verifyAuth', () => {
  const text = '218912.44719:private-orders.42'
  const auth = `app-key:${sign('app-secret', text)}`
  const verify = (given: string) => verifyAuth(given, 'app-key', ['app-secret'], text)

  it('accepts key and signature', () => {
    expect(verify(auth)).toBe(true)
  })

  it.each([
    ['another key', auth.replace('app-key', 'other-key')],
    ['a longer key', `x${auth}`],
    ['no key', auth.slice('app-key'.length)],
    ['no colon', auth.replace(':', '')],
    ['a second colon', auth.replace(':', '::')],
    ['something behind it', `${auth}:more`],
    ['nothing', ''],
  ])('C42 refuses it with %s', (_, malformed) => {
    expect(verify(malformed)).toBe(false)
  })
})

describe('signRequest', () => {
  const signatureOf = (query: string) => new URLSearchParams(query).get('auth_signature')
  const post = (path: string, body: string) =>
    ({ method: 'POST', path, params: {}, body: Buffer.from(body) }) as const

  it.each([
    [
      post(
        '/apps/app-id/events',
        '{"name":"order.paid","channels":["private-orders.42"],"data":"{\\"id\\":42}","socket_id":"218912.44719"}',
      ),
      '844a2935ca406894f6eba2edf78580131582dd7def36deccd0af6495923c27ea',
    ],
    [
      {
        method: 'GET',
        path: '/apps/app-id/channels',
        params: { info: 'user_count', filter_by_prefix: 'presence-' },
      },
      'fd5a1b38d92aee2b7913a8cf43136cffab888ee5a097536910d6239f08eb68a2',
    ],
    [
      {
        method: 'GET',
        path: '/apps/app-id/channels/cache-prices',
        params: { info: 'cache,subscription_count' },
      },
      'd7d4c59b1126d0df5026f7ef00e615a8bcb74167516725233725bf97a3dbb91c',
    ],
    [
      post('/apps/app-id/users/u 1/é/terminate_connections', '{}'),
      '69f12733c452525575ca3610837aba11e4eeee195655809dee565f2693524dd9',
    ],
  ] as const)('C122 signs %j as the protocol document does', (request, hmac) => {
    expect(signatureOf(signRequest(ours, request, 1_700_000_000_999))).toBe(hmac)
  })

  it('encodes values on the wire that it has signed as they are', () => {
    const request = {
      method: 'GET',
      path: '/apps/1/channels',
      params: { filter_by_prefix: 'a&b=c+d é' },
    } as const
    const query = signRequest(ours, request)
    expect(query).toContain('filter_by_prefix=a%26b%3Dc%2Bd%20%C3%A9&')
    expect(query).toMatch(/&auth_signature=[0-9a-f]{64}$/)
    expect(query).not.toContain('body_md5')
  })
})

describe('secretsOf', () => {
  it('are the secret, and while secrets are exchanged the previous one', () => {
    expect(secretsOf({ secret: 'new' })).toEqual(['new'])
    expect(secretsOf({ secret: 'new', previousSecret: 'old' })).toEqual(['new', 'old'])
  })
})
