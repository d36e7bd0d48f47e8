import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

const root = document.getElementById('root')
const as = new URLSearchParams(location.search).get('as')

if (root) {
  createRoot(root).render(
    <StrictMode>
      <App as={as} />
    </StrictMode>,
  )
}
