import { describe } from 'vitest'
import { testClientSdk } from './client-sdk.ts'
import { Driver } from './driver.ts'

describe('pysher', () => {
  testClientSdk(new Driver('pysher'))
})
