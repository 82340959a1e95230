// The libraries of Node, in rounds that the benchmark starts one by one: a line of JSON in, a line of JSON out.
// The first argument is the folder whose node_modules has them.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv[2] + '/')
const contenders = new Map() // name -> run(calls), which may be a promise

async function load(name) {
  try {
    return await import(pathToFileURL(require.resolve(name)).href)
  } catch {
    return null
  }
}

const fastJwt = await load('fast-jwt')
const jose = await load('jose')

function version(name) {
  try {
    return require(`${name}/package.json`).version
  } catch {
    return null
  }
}

const overSync = (call, argument) => (calls) => {
  for (let i = 0; i < calls; i += 1) call(argument)
}
const overAsync = (call, argument) => async (calls) => {
  for (let i = 0; i < calls; i += 1) await call(argument)
}

async function refusals(verify, spoilt) {
  const refused = []
  for (const [what, token] of Object.entries(spoilt)) {
    try {
      await verify(token)
    } catch {
      refused.push(what)
    }
  }
  return refused
}

function fastJwtVerifier(m, cache) {
  return fastJwt.createVerifier({
    key: m.secret ? Buffer.from(m.secret, 'base64url') : m.publicPem,
    algorithms: [m.headerAlg],
    allowedIss: m.issuer,
    allowedAud: m.audience,
    requiredClaims: ['iss', 'aud', 'exp'],
    cache
  })
}

function fastJwtSigner(m) {
  return fastJwt.createSigner({
    key: m.secret ? Buffer.from(m.secret, 'base64url') : m.privatePem,
    algorithm: m.headerAlg,
    kid: m.kid,
    header: { typ: m.typ }
  })
}

async function joseVerifier(m) {
  const key = await jose.importJWK(m.publicJwk, m.headerAlg)
  const options = { algorithms: [m.headerAlg], issuer: m.issuer, audience: m.audience, typ: m.typ, requiredClaims: ['exp'] }
  return (token) => jose.jwtVerify(token, key, options)
}

async function joseSigner(m) {
  const key = await jose.importJWK(m.privateJwk, m.headerAlg)
  const header = { alg: m.headerAlg, kid: m.kid, typ: m.typ }
  return (claims) => new jose.SignJWT(claims).setProtectedHeader(header).sign(key)
}

// Makes the contenders of one table; answers who they are, what each refuses, and who could not be made.
const prepare = {
  async verify(m) {
    const made = []
    await attempt(made, 'fast-jwt', fastJwt, () => {
      const verify = fastJwtVerifier(m, false)
      return { verify, run: overSync(verify, m.token) }
    }, m)
    await attempt(made, 'jose', jose, async () => {
      const verify = await joseVerifier(m)
      return { verify, run: overAsync(verify, m.token) }
    }, m)
    return made
  },
  async cached(m) {
    const made = []
    await attempt(made, 'fast-jwt, cache, same string', fastJwt, () => {
      const verify = fastJwtVerifier(m, true)
      return { verify, run: overSync(verify, m.token) }
    }, m)
    await attempt(made, 'fast-jwt, cache, new string', fastJwt, () => {
      const verify = fastJwtVerifier(m, true)
      const octets = Buffer.from(m.token)
      return { verify, run: overSync(() => verify(octets.latin1Slice()), null) }
    }, m)
    await attempt(made, 'decode alone on Node', fastJwt, () => {
      const octets = Buffer.from(m.token)
      return { run: overSync(() => octets.latin1Slice(), null) }
    }, m)
    return made
  },
  async sign(m) {
    const made = []
    await attempt(made, 'fast-jwt', fastJwt, () => ({ run: overSync(fastJwtSigner(m), m.claims) }), m)
    await attempt(made, 'jose', jose, async () => ({ run: overAsync(await joseSigner(m), m.claims) }), m)
    return made
  }
}

async function attempt(made, name, module, make, m) {
  if (module === null) {
    made.push({ name, problem: 'not installed' })
    return
  }
  try {
    const { verify, run } = await make()
    await run(1)
    contenders.set(name, run)
    made.push({ name, refuses: verify ? await refusals(verify, m.spoilt) : [] })
  } catch (error) {
    made.push({ name, problem: String(error.message).split('\n')[0] })
  }
}

async function round({ name, calls }) {
  const run = contenders.get(name)
  const cpu = process.cpuUsage()
  const wall = process.hrtime.bigint()
  await run(calls)
  const elapsed = process.hrtime.bigint() - wall
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / 1e6, wall: Number(elapsed) / 1e9 }
}

function hello() {
  return { versions: { node: process.version, 'fast-jwt': version('fast-jwt'), jose: version('jose') } }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...rest } = JSON.parse(line)
  let answer
  if (ask === 'hello') answer = hello()
  else if (ask === 'round') answer = await round(rest)
  else {
    contenders.clear()
    answer = await prepare[ask](rest.material)
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
