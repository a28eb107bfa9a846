import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const site = process.env.SITE ?? 'http://localhost:8080'

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1_000 },
  server: { proxy: { '/session': site, '/nexus': site } }
})
