/** A request as every framework can describe it. */
export interface HttpRequest {
  /** In capitals: `POST`. */
  readonly method: string
  /** Lower-case names, as Node has them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parameters of the query, by name. */
  readonly query: Readonly<Record<string, unknown>>
  /** The text of the body, or what a body parser made of it. */
  readonly body: unknown
  /** The framework's own request. */
  readonly original: unknown
}

/** An answer as every framework can send it. */
export interface HttpResponse {
  /** Status code. */
  readonly status: number
  /** By their names. */
  readonly headers: Readonly<Record<string, string>>
  /** Text; empty for none. */
  readonly body: string
}

/** Some methods of a path and what answers them. */
export interface HttpRoute {
  /** In capitals: `POST`. */
  readonly methods: readonly string[]
  /** The whole path: `/broadcasting/auth`. */
  readonly path: string
  /** Never rejects. */
  handle(request: HttpRequest): Promise<HttpResponse>
}

/** The app's own HTTP server, whatever the framework: bound as `http` by the framework's provider. */
export interface HttpApp {
  /** Adds routes; bodies reach them as text, whatever parsers the app has. Called once every provider has booted. */
  addRoutes(routes: readonly HttpRoute[]): Promise<void>
}

declare module './application.ts' {
  interface Bindings {
    /** The app's own HTTP server; bound by the provider of its framework. */
    http: HttpApp
  }
}
