/** The app that both servers serve; the naive one does not look at it. */
export const app = { appId: 'bench', appKey: 'bench-key', appSecret: 'bench-secret' }

/** The channel that everybody subscribes to. */
export const channel = 'bench'

/** Where both servers listen, each on a free port. */
export const host = '127.0.0.1'
