/** Variables that settings of this package are read from; what others mean by an empty one is theirs. */
const ours = /^(BROADCAST|PUSHER|REVERB)_|^(NATS|REDIS)_URL$/

/** Loads a `.env` file. Real variables win; an empty one of ours counts as not given, here as everywhere. */
export function loadEnvFile(file: string): void {
  for (const [variable, value] of Object.entries(process.env)) {
    if (value === '' && ours.test(variable)) delete process.env[variable]
  }
  process.loadEnvFile(file)
}
