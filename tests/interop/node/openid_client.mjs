// panva's openid-client through the whole flow: discovery, code + PKCE, userinfo, refresh, introspection, revocation,
// client credentials, logout. Reads its task as JSON from standard input, writes what it saw as JSON.

import * as client from 'openid-client'
import { readFileSync } from 'node:fs'
import { Person } from './person.mjs'

const task = JSON.parse(readFileSync(0, 'utf8'))
const local = { execute: [client.allowInsecureRequests] }
const seen = {}

const config = await client.discovery(
  new URL(task.issuer), task.client_id, undefined, client.ClientSecretBasic(task.client_secret), local)
const person = new Person(task.username, task.password)

const signIn = async (extra) => {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: task.redirect_uri,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  })
  const back = await person.visit(url, task.redirect_uri)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  return client.authorizationCodeGrant(config, back, checks, extra.resource ? { resource: extra.resource } : undefined)
}

// For the issuer itself: userinfo.
const own = await signIn({ scope: 'openid profile email' })
seen.claims = own.claims()
seen.userinfo = await client.fetchUserInfo(config, own.access_token, own.claims().sub)
seen.introspection = await client.tokenIntrospection(config, own.access_token)

// For an API: refresh, call, revoke.
const bound = await signIn({ scope: `openid offline_access ${task.scope}`, resource: task.resource })
seen.token_type = bound.token_type
seen.access_token = bound.access_token
seen.id_token = bound.id_token
const called = await client.fetchProtectedResource(config, bound.access_token, new URL(task.orders), 'GET')
seen.orders = called.status
const fresh = await client.refreshTokenGrant(config, bound.refresh_token, { resource: task.resource })
seen.refreshed = fresh.access_token !== bound.access_token
const refreshToken = fresh.refresh_token ?? bound.refresh_token
await client.tokenRevocation(config, refreshToken)
try {
  await client.refreshTokenGrant(config, refreshToken)
  seen.after_revocation = 'accepted'
} catch (error) {
  seen.after_revocation = error.error
}

// A service on its own.
const service = await client.discovery(
  new URL(task.issuer), task.service_id, undefined, client.ClientSecretPost(task.service_secret), local)
try {
  await client.clientCredentialsGrant(service, { scope: task.scope, resource: task.resource })
  seen.unregistered_method = 'accepted'
} catch (error) {
  // A 401 with a challenge is an error of its own here; the challenge and the answer are the client's to read.
  seen.unregistered_method = { status: error.status, scheme: error.cause?.[0]?.scheme, body: await error.response?.json() }
}
const basic = await client.discovery(
  new URL(task.issuer), task.service_id, undefined, client.ClientSecretBasic(task.service_secret), local)
const machine = await client.clientCredentialsGrant(basic, { scope: task.scope, resource: task.resource })
seen.machine = { token_type: machine.token_type, expires_in: machine.expires_in, scope: machine.scope }

// Signing out.
const away = client.buildEndSessionUrl(config, {
  post_logout_redirect_uri: task.post_logout_redirect_uri, id_token_hint: own.id_token, state: 'bye' })
seen.signed_out = (await person.visit(away, task.post_logout_redirect_uri)).href

process.stdout.write(JSON.stringify(seen))
