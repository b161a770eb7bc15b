// issuer.js - a minimal issuer by oidc-provider: client_credentials, access tokens as RS256 JWTs.
//   node issuer.js PORT KEY.pem     prints a line once it serves
// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

import Provider from 'oidc-provider'

const [port, keyFile] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const key = createPrivateKey(readFileSync(keyFile)).export({ format: 'jwk' })
const resource = 'urn:bench:api'

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig', kid: 'bench' }] },
  clients: [{
    client_id: 'bench',
    client_secret: 'bench-secret',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: []
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: '',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'RS256' } }
      })
    }
  }
})

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
