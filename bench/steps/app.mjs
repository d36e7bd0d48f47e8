import { completeApp } from '../../dist/server/apps/app-options.js'
import { appDefaults, resolveServerConfig } from '../../dist/server/config.js'

/** An app with the defaults of the configuration. */
export const app = completeApp(
  { id: 'bench', key: 'bench-key', secret: 'bench-secret' },
  appDefaults(resolveServerConfig({}, {})),
)
