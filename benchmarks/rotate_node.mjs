// What benchmarks/trust/consumers.py is in Python: a verifier of one library at work while keys rotate.
// The first argument is the folder whose node_modules has the libraries.
import { createPublicKey } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv[2] + '/')
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const MARGIN = 5 // seconds before its end in which a token is not verified any more
const MADE_UP = 5 // seconds of verifications that are made up for after a pause
const PAUSE = 5 // milliseconds

const libraries = {
  // Its own cache and cool-down, as its documentation has it.
  async jose(begin) {
    const jose = await load('jose')
    const keys = jose.createRemoteJWKSet(new URL(begin.jwks_uri))
    const options = { algorithms: ['ES256'], issuer: begin.issuer, audience: begin.audience }
    return (token) => jose.jwtVerify(token, keys, options)
  },
  // It fetches nothing: its keys come by Node's fetch, again when the answer's max-age has passed.
  async 'fast-jwt'(begin) {
    const { createVerifier } = await load('fast-jwt')
    let until = 0
    let keys = new Map()
    async function key({ header }) {
      if (performance.now() >= until) {
        const answer = await fetch(begin.jwks_uri)
        const age = /max-age=(\d+)/.exec(answer.headers.get('cache-control'))
        const found = (await answer.json()).keys
        keys = new Map(
          found.map((jwk) => [
            jwk.kid,
            createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
          ])
        )
        until = performance.now() + 1000 * Number(age[1])
      }
      if (!keys.has(header.kid)) throw new Error('there is no such key')
      return keys.get(header.kid)
    }
    return createVerifier({
      key,
      algorithms: ['ES256'],
      allowedIss: begin.issuer,
      allowedAud: begin.audience,
      requiredClaims: ['exp'],
      cache: false
    })
  }
}

const part = (token, number) => JSON.parse(Buffer.from(token.split('.')[number], 'base64url'))
const moment = () => Number(process.hrtime.bigint()) / 1e9
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n')

const fresh = []
const failures = []
let tokens = []
let verified = 0
let working = true

function next() {
  if (fresh.length > 0) {
    const token = fresh.shift()
    tokens.push([part(token, 1).exp, token])
    return token
  }
  tokens = tokens.filter(([exp]) => exp > Date.now() / 1000 + MARGIN)
  return tokens.length > 0 ? tokens[Math.floor(Math.random() * tokens.length)][1] : null
}

async function work(verify, rate) {
  let due = moment()
  while (working) {
    const token = next()
    if (token !== null) {
      try {
        await verify(token)
        verified += 1
      } catch (error) {
        failures.push(`${part(token, 0).kid.slice(0, 8)}: ${error.name}: ${error.message}`)
      }
    }
    due = Math.max(due + 1 / rate, moment() - MADE_UP)
    await pause(Math.max(1000 * (due - moment()), 0))
  }
}

async function refusedAt(verify, token, seconds) {
  const deadline = moment() + seconds
  while (moment() < deadline) {
    try {
      await verify(token)
    } catch {
      return moment()
    }
    await pause(PAUSE)
  }
  return null
}

let verify = null
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line)
  if (verify === null) {
    verify = await libraries[question.library](question)
    work(verify, question.rate)
    say('ready')
  } else if (question.ask === 'token') fresh.push(question.token)
  else if (question.ask === 'told') say({ verified, failures })
  else {
    working = false
    say(await refusedAt(verify, question.token, question.seconds))
  }
}
