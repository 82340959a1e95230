// Signs and verifies with panva/jose and fast-jwt, reads status lists with @sd-jwt/jwt-status-list. One JSON request a line on stdin, one JSON answer a line on stdout,
// in the same order. Keys are sent once, by name:
//   {"do": "keys", "keys": {NAME: JWK}}
//   {"do": "knows", "peer", "alg", "key"}                          -> {"knows": true|false}
//   {"do": "sign", "peer", "alg", "key", "header", "claims"}       -> {"token"} or {"error"}
//   {"do": "verify", "peer", "alg", "key", "token", "now", "leeway", "typ"} -> {"claims"} or {"error"}
//   {"do": "place", "token"}                                       -> {"idx", "uri"} or {"error"}
//   {"do": "statuses", "token", "idxs"}                            -> {"statuses"} or {"error"}
// To verify is: signature, `alg` from a list of one, `typ` where it is asked for, `exp` demanded, `exp` and `nbf` at
// the time `now` with `leeway` seconds. "quiet" answers {"accepted": true|false} instead.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { createInterface } from 'node:readline'
import * as jose from 'jose'
import * as fastJwt from 'fast-jwt'
import { getListFromStatusListJWT, getStatusListFromJWT } from '@sd-jwt/jwt-status-list'

const jwks = new Map()
const imported = new Map()

// remember KEY MAKE: an imported key, made once.
function remember(key, make) {
  if (!imported.has(key)) imported.set(key, make())
  return imported.get(key)
}

const panva = {
  key: ({ key, alg }) => remember(`jose ${alg} ${key}`, () => jose.importJWK(jwks.get(key), alg)),
  async sign(request) {
    const header = { alg: request.alg, ...request.header }
    return new jose.SignJWT(request.claims).setProtectedHeader(header).sign(await this.key(request))
  },
  async verify(request) {
    const { payload } = await jose.jwtVerify(request.token, await this.key(request), {
      algorithms: [request.alg],
      clockTolerance: request.leeway ?? 0,
      currentDate: new Date(request.now * 1000),
      requiredClaims: ['exp'],
      ...(request.typ && { typ: request.typ }),
    })
    return payload
  },
}

const fast = {
  key({ key }, isPrivate) {
    const jwk = jwks.get(key)
    if (jwk.kty === 'oct') return Buffer.from(jwk.k, 'base64url')
    return isPrivate
      ? createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' })
      : createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  },
  async sign(request) {
    return remember(`sign ${request.alg} ${request.key} ${JSON.stringify(request.header)}`, () =>
      fastJwt.createSigner({ key: this.key(request, true), algorithm: request.alg, header: request.header, noTimestamp: true })
    )(request.claims)
  },
  async verify(request) {
    const { alg, key, now, leeway, typ } = request
    return remember(`verify ${alg} ${key} ${now} ${leeway} ${typ}`, () =>
      fastJwt.createVerifier({
        key: this.key(request, false),
        algorithms: [alg],
        clockTimestamp: now * 1000,
        clockTolerance: (leeway ?? 0) * 1000,
        requiredClaims: ['exp'],
        ...(typ && { checkTyp: typ }),
      })
    )(request.token)
  },
}

const peers = { jose: panva, 'fast-jwt': fast }

async function answer(request) {
  if (request.do === 'keys') {
    for (const [name, jwk] of Object.entries(request.keys)) jwks.set(name, jwk)
    return { keys: jwks.size }
  }
  if (request.do === 'place') return getStatusListFromJWT(request.token)
  if (request.do === 'statuses') {
    const list = getListFromStatusListJWT(request.token)
    return { statuses: request.idxs.map((idx) => list.getStatus(idx)) }
  }
  const peer = peers[request.peer]
  if (request.do === 'sign') return { token: await peer.sign(request) }
  if (request.do === 'verify') return { claims: await peer.verify(request) }
  if (request.do === 'knows') {
    await peer.sign({ ...request, claims: {} })
    return { knows: true }
  }
  throw new Error(`unknown request ${request.do}`)
}

async function answerAlways(line) {
  const request = JSON.parse(line)
  try {
    const result = await answer(request)
    return request.quiet ? { accepted: true } : result
  } catch (error) {
    if (request.quiet) return { accepted: false }
    return request.do === 'knows' ? { knows: false } : { error: error.code ?? String(error) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answerAlways(line))}\n`)
}
